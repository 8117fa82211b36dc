/* The table for many estates. Every change goes to the own draft at once; without this script
   rows can be reported as all 合格, and each estate's name leads to its form. */
(function () {
  "use strict";

  const form = document.querySelector("[data-table]");
  if (!form || !form.querySelector("tbody")) return;
  const facts = JSON.parse(document.getElementById("item-facts").textContent);
  const panel = document.querySelector("[data-panel]");
  const token = form.querySelector('input[name="csrfmiddlewaretoken"]').value;
  const cells = Array.prototype.slice.call(form.querySelectorAll("[data-cell]"));
  const across = Object.keys(facts).length;
  const queues = {};
  let unsaved = 0;
  let current = null;

  function row(element) { return element.closest("[data-row]"); }
  function rowName(line) { return line.querySelector("th a").textContent; }
  function state(line, words, tone) {
    const said = line.querySelector("[data-state]");
    said.textContent = words;
    said.className = tone || "";
  }

  /* --- keeping: one request after the other in each row, so that the last change stands --- */
  function keep(line, extra) {
    const estate = line.dataset.row;
    const data = new URLSearchParams(extra || {});
    data.set("estate", estate);
    data.set("day", form.elements["day-" + estate].value);
    data.set("companion", form.elements["companion-" + estate].value);
    state(line, "正在保存");
    unsaved += 1;
    const before = queues[estate] || Promise.resolve(true);
    queues[estate] = before.then(function () {
      return fetch(form.dataset.cellUrl, {
        method: "POST",
        body: data,
        credentials: "same-origin",
        headers: { "X-CSRFToken": token, "X-Requested-With": "fetch" },
      });
    }).then(function (response) {
      const json = (response.headers.get("Content-Type") || "").indexOf("json") >= 0;
      if (response.redirected || !json) throw new Error("登录已过期，请在新的页面登录后再改这一格");
      return response.json().then(function (answer) {
        if (!response.ok) throw new Error(answer.message);
        state(line, "草稿 " + answer.saved + (answer.score ? "　" + answer.score + " 分" : ""));
        return true;
      });
    }).catch(function (error) {
      const words = error instanceof TypeError ? "网络不通" : error.message;
      state(line, "没有存上：" + words, "t-red");
      return false;
    }).then(function (kept) {
      unsaved -= 1;
      return kept;
    });
    return queues[estate];
  }
  window.addEventListener("beforeunload", function (event) {
    if (unsaved) event.preventDefault();
  });

  /* --- a cell and its words --- */
  function show(cell, answer) {
    const item = facts[cell.dataset.item];
    const fail = answer.outcome === "fail";
    cell.dataset.outcome = answer.outcome;
    cell.dataset.note = answer.note;
    cell.dataset.deduction = answer.deduction || item.first;
    cell.dataset.days = answer.days;
    cell.className = "cell " + answer.outcome;
    cell.textContent = fail ? "−" + cell.dataset.deduction : answer.outcome === "na" ? "免" : "✓";
    cell.setAttribute("aria-label", rowName(row(cell)) + " " + item.code + " " + item.text + "：" +
      (fail ? "不合格，扣 " + cell.dataset.deduction + " 分" : answer.outcome === "na" ? "不适用" : "合格"));
    cell.parentElement.classList.remove("bad");
    lacking(row(cell));
  }
  function wantsPhoto(cell, outcome) {
    return facts[cell.dataset.item].photo.indexOf(outcome) !== -1 && cell.dataset.photos === "0";
  }
  function lacking(line) {
    const codes = Array.prototype.filter.call(line.querySelectorAll("[data-cell]"), function (cell) {
      return wantsPhoto(cell, cell.dataset.outcome);
    }).map(function (cell) { return facts[cell.dataset.item].code; });
    const said = form.querySelector('[data-said="' + line.dataset.row + '"]');
    const lacks = said.querySelector("[data-lacks]");
    lacks.hidden = !codes.length;
    lacks.querySelector("span").textContent = codes.join("、");
    said.classList.toggle("empty", !codes.length && !said.querySelector(".t-red"));
  }

  /* --- the panel --- */
  const note = document.getElementById("cell-note");
  const deduction = document.getElementById("cell-deduction");
  const days = document.getElementById("cell-days");
  function chosen() { return panel.querySelector('input[name="outcome"]:checked').value; }
  function fold() {
    const fail = chosen() === "fail";
    panel.querySelector("[data-fail]").hidden = !fail;
    panel.querySelector("[data-photo-words]").textContent = wantsPhoto(current, chosen()) ?
      "这一项" + (fail ? "不合格" : "合格也") + "须有照片：存下后点小区名补照片，再上报。" : "";
  }
  function open(cell) {
    const item = facts[cell.dataset.item];
    current = cell;
    document.getElementById("cell-title").textContent = rowName(row(cell)) + "　" + item.code + " " + item.text;
    panel.querySelector("[data-guidance]").textContent = item.guidance;
    panel.querySelector("[data-na]").hidden = !item.na;
    panel.querySelector("[data-most]").textContent = "最多 " + item.points + "，每档 " + item.step;
    panel.querySelector("[data-problem]").textContent = "";
    const outcome = cell.dataset.outcome === "pass" ? "fail" : cell.dataset.outcome;
    panel.querySelector('input[value="' + outcome + '"]').checked = true;
    note.value = cell.dataset.note;
    deduction.value = cell.dataset.deduction || item.first;
    days.replaceChildren.apply(days, item.choices.map(function (choice) {
      return new Option(choice[1], choice[0]);
    }));
    days.value = cell.dataset.days || String(item.days);
    const phrases = panel.querySelector("[data-phrases]");
    phrases.replaceChildren.apply(phrases, item.phrases.map(function (words) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-sm";
      button.textContent = words;
      button.addEventListener("click", function () {
        note.value = note.value ? note.value + "；" + words : words;
        note.focus();
      });
      return button;
    }));
    fold();
    panel.showModal();
    if (outcome === "fail") note.focus();
  }
  panel.addEventListener("change", function (event) {
    if (event.target.name === "outcome") fold();
  });
  panel.querySelector("[data-cancel]").addEventListener("click", function () { panel.close(); });
  panel.querySelector("form").addEventListener("submit", function (event) {
    event.preventDefault();
    event.stopPropagation();
    const item = facts[current.dataset.item];
    const fail = chosen() === "fail";
    const problem = panel.querySelector("[data-problem]");
    const amount = Number(deduction.value);
    if (fail && !note.value.trim()) {
      problem.textContent = "请写明问题。";
      note.focus();
      return;
    }
    if (fail && !(amount > 0 && amount <= Number(item.points)) && Number(item.points)) {
      problem.textContent = "扣分须大于 0，最多 " + item.points + " 分。";
      deduction.focus();
      return;
    }
    const answer = {
      outcome: chosen(),
      note: fail ? note.value.trim() : "",
      deduction: fail ? deduction.value.trim() : "",
      days: fail ? days.value : "",
    };
    panel.close();
    set(current, answer);
  });
  panel.addEventListener("close", function () {
    if (current) focusCell(current);
  });
  function set(cell, answer) {
    show(cell, answer);
    keep(row(cell), Object.assign({ item: cell.dataset.item }, answer));
  }

  /* --- moving about: one cell of the table takes the Tab, arrows go from it --- */
  function focusCell(cell) {
    cells.forEach(function (other) { other.tabIndex = other === cell ? 0 : -1; });
    cell.focus();
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  if (cells.length) cells[0].tabIndex = 0;
  form.addEventListener("click", function (event) {
    const cell = event.target.closest("[data-cell]");
    if (cell) open(cell);
  });
  form.addEventListener("keydown", function (event) {
    const cell = event.target.closest("[data-cell]");
    if (!cell) return;
    const at = cells.indexOf(cell);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across };
    if (event.key in steps) {
      const next = cells[at + steps[event.key]];
      const sideways = Math.abs(steps[event.key]) === 1;
      if (next && (!sideways || row(next) === row(cell))) focusCell(next);
      event.preventDefault();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      if (cell.dataset.outcome !== "pass") set(cell, { outcome: "pass", note: "", deduction: "", days: "" });
    }
  });

  form.addEventListener("change", function (event) {
    if (event.target.matches("[data-fact]")) keep(row(event.target));
    if (event.target.matches('[name="pick"], [data-pick-all]')) count();
  });
  form.querySelectorAll("tbody .pick").forEach(function (cell) { cell.classList.add("pick"); });
  function count() {
    // The box that picks all is worked by the script of every page, just after this event.
    requestAnimationFrame(function () {
      const picked = form.querySelectorAll('[name="pick"]:checked').length;
      form.querySelector("[data-picked-count]").textContent = String(picked);
    });
  }
  count();

  /* What is still on its way is kept before the rows are reported. */
  form.addEventListener("submit", function (event) {
    if (!unsaved) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    Promise.all(Object.values(queues)).then(function () { form.requestSubmit(); });
  }, true);
})();
