/* The table of owners' fees. Every change of a row goes to its draft at once, right or wrong, and
   the row says how it reads; without this script the buttons below keep and confirm. */
(function () {
  "use strict";

  const form = document.querySelector("[data-fees]");
  if (!form || !form.querySelector("tbody")) return;
  const token = form.querySelector('input[name="csrfmiddlewaretoken"]').value;
  const queues = {};
  let unsaved = 0;

  function fields(line) { return Array.from(line.querySelectorAll("[data-field]")); }
  function state(line, words, tone) {
    const said = line.querySelector("[data-state]");
    said.textContent = words;
    said.className = tone || "";
  }
  function sentences(box, found) {
    box.replaceChildren.apply(box, Object.values(found).map(function (words) {
      const line = document.createElement("div");
      line.textContent = words;
      return line;
    }));
  }

  /* What the row says of itself. A field that is still empty is not wrong while others are filled in. */
  function show(line, answer) {
    const problems = {};
    fields(line).forEach(function (input) {
      const wrong = answer.problems[input.dataset.field];
      const waits = wrong && !input.value.trim();
      if (wrong && !waits) problems[input.dataset.field] = wrong;
      if (wrong && !waits) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    });
    if (answer.problems[""]) problems[""] = answer.problems[""];
    const said = form.querySelector('[data-said="' + line.dataset.row + '"]');
    sentences(said.querySelector("[data-problems]"), problems);
    sentences(said.querySelector("[data-remarks]"), answer.remarks);
    said.classList.toggle("empty", !Object.keys(problems).length && !Object.keys(answer.remarks).length);
    line.classList.toggle("wrong", Object.keys(problems).length > 0);
    line.querySelector("[data-arrears]").textContent = answer.arrears || "—";
    line.querySelector("[data-rate]").textContent = answer.rate || "—";
  }

  /* One request after the other in each row, so that the last change stands. */
  function keep(line) {
    const estate = line.dataset.row;
    const data = new URLSearchParams({ estate: estate });
    fields(line).forEach(function (input) { data.set(input.dataset.field, input.value); });
    state(line, "正在保存");
    unsaved += 1;
    const before = queues[estate] || Promise.resolve(true);
    queues[estate] = before.then(function () {
      return fetch(form.dataset.rowUrl, {
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
        state(line, "草稿 " + answer.saved);
        show(line, answer);
        return true;
      });
    }).catch(function (error) {
      const words = error instanceof TypeError ? "网络不通，内容还在，改任何一格会再存" : error.message;
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

  form.addEventListener("change", function (event) {
    if (event.target.matches("[data-field]")) {
      const line = event.target.closest("[data-row]");
      line.querySelector('[name="pick"]').checked = true;
      keep(line);
      count();
    }
    if (event.target.matches('[name="pick"], [data-pick-all]')) count();
  });

  /* Enter and the arrows go from row to row in the same column, as in a workbook. */
  form.addEventListener("keydown", function (event) {
    const input = event.target.closest("[data-field]");
    const steps = { Enter: 1, ArrowDown: 1, ArrowUp: -1 };
    if (!input || !(event.key in steps)) return;
    event.preventDefault();
    const column = Array.from(form.querySelectorAll('[data-field="' + input.dataset.field + '"]'));
    const next = column[column.indexOf(input) + steps[event.key]];
    if (next) {
      next.focus();
      next.select();
    } else {
      input.blur();
      input.focus();
    }
  });

  function count() {
    // The box that picks all is worked by the script of every page, just after this event.
    requestAnimationFrame(function () {
      const picked = form.querySelectorAll('[name="pick"]:checked').length;
      form.querySelector("[data-picked-count]").textContent = String(picked);
    });
  }
  count();

  /* What is still on its way is kept before the rows are confirmed. */
  form.addEventListener("submit", function (event) {
    if (!unsaved) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter;
    Promise.all(Object.values(queues)).then(function () { form.requestSubmit(button); });
  }, true);
})();
