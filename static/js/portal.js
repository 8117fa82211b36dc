/* What every page does: menu, large type, confirmations, filters, toasts, rows that open.
   Nothing here is needed to read or to send: without it links and forms still work. */
(function () {
  "use strict";

  const doc = document;
  const root = doc.documentElement;
  const body = doc.body;
  const YEAR = 365 * 86400;

  function cookie(name, value) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    doc.cookie = name + "=" + value + "; path=/; max-age=" + YEAR + "; SameSite=Lax" + secure;
  }

  function on(type, selector, handler, options) {
    doc.addEventListener(type, function (event) {
      const target = event.target instanceof Element ? event.target.closest(selector) : null;
      if (target) handler(event, target);
    }, options);
  }

  /* --- menu: folded on a desk, a drawer on a phone --- */
  on("click", "[data-fold]", function () {
    cookie("mini", body.classList.toggle("mini") ? "1" : "0");
    window.dispatchEvent(new Event("resize"));
  });

  function drawer(open) {
    body.classList.toggle("drawer-open", open);
    const button = doc.querySelector("[data-drawer]");
    if (button) button.setAttribute("aria-expanded", String(open));
    if (open) {
      const first = doc.querySelector("#side a.on, #side a");
      if (first) first.focus();
    } else if (button) {
      button.focus();
    }
  }
  on("click", "[data-drawer]", function () { drawer(!body.classList.contains("drawer-open")); });
  on("click", "[data-drawer-close]", function () { drawer(false); });

  /* --- large type, remembered for this user in this browser --- */
  on("click", "[data-big]", function (event, button) {
    const big = button.dataset.big ? button.dataset.big === "1" : !root.classList.contains("big");
    root.classList.toggle("big", big);
    cookie(body.dataset.bigCookie || "big-0", big ? "1" : "0");
    doc.querySelectorAll("[data-big]").forEach(function (other) {
      if (other.hasAttribute("aria-pressed")) {
        other.setAttribute("aria-pressed", String((other.dataset.big === "1") === big));
      }
    });
    window.dispatchEvent(new Event("resize"));
  });

  /* --- small menus close when one looks elsewhere --- */
  doc.addEventListener("click", function (event) {
    doc.querySelectorAll("details.drop[open]").forEach(function (drop) {
      if (!drop.contains(event.target)) drop.open = false;
    });
  });

  /* --- keys: / finds, Esc closes --- */
  function typing() {
    const active = doc.activeElement;
    return active && (active.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName));
  }
  doc.addEventListener("keydown", function (event) {
    if (event.key === "/" && !typing() && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const box = doc.querySelector("[data-find] input");
      if (box) {
        event.preventDefault();
        body.classList.add("find-open");
        box.focus();
        box.select();
      }
    }
    if (event.key === "Escape") {
      const drop = doc.querySelector("details.drop[open]");
      if (drop) {
        drop.open = false;
        const summary = drop.querySelector("summary");
        if (summary) summary.focus();
      }
      if (body.classList.contains("drawer-open")) drawer(false);
      body.classList.remove("find-open");
    }
  });
  on("click", "[data-find-toggle]", function (event) {
    const box = doc.querySelector("[data-find] input");
    if (!box) return;
    event.preventDefault();
    if (body.classList.toggle("find-open")) box.focus();
  });

  /* --- htmx carries the token of the page --- */
  doc.addEventListener("htmx:configRequest", function (event) {
    const meta = doc.querySelector('meta[name="csrf-token"]');
    if (meta) event.detail.headers["X-CSRFToken"] = meta.content;
  });
  doc.addEventListener("htmx:responseError", function (event) {
    const status = event.detail.xhr.status;
    if (status === 401 || status === 403) {
      toast("没有取到：登录已过期，或这一页不在你的职责范围内。请刷新页面。", "r");
    } else {
      toast("没有取到新的内容，页面上还是原来的。请再试一次。", "r");
    }
  });
  doc.addEventListener("htmx:sendError", function () {
    toast("网络不通，没有取到新的内容。请检查网络后再试。", "a");
  });

  /* --- confirmation by dialog; without it the act goes straight to its own page or sends --- */
  const ask = doc.getElementById("ask");
  let asked = null;
  function confirmWith(element) {
    doc.getElementById("ask-title").textContent = element.dataset.confirmTitle ||
      element.dataset.confirmYes || "请确认";
    doc.getElementById("ask-text").textContent = element.dataset.confirm;
    const yes = ask.querySelector('[data-ask="yes"]');
    yes.textContent = element.dataset.confirmYes || "确认";
    yes.classList.toggle("btn-danger", "confirmDanger" in element.dataset);
    yes.classList.toggle("btn-primary", !("confirmDanger" in element.dataset));
    asked = element;
    ask.returnValue = "";
    ask.showModal();
    yes.focus();
  }
  if (ask && typeof ask.showModal === "function") {
    doc.addEventListener("click", function (event) {
      const target = event.target instanceof Element ? event.target.closest("[data-confirm]") : null;
      if (!target || target.dataset.confirmed === "1" || target.disabled) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (target.form && !target.formNoValidate && !target.form.noValidate && !target.form.reportValidity()) return;
      confirmWith(target);
    }, true);
    ask.addEventListener("click", function (event) {
      const choice = event.target.closest("[data-ask]");
      if (choice) ask.close(choice.dataset.ask);
      else if (event.target === ask) ask.close("no");
    });
    ask.addEventListener("close", function () {
      const element = asked;
      asked = null;
      if (!element) return;
      if (ask.returnValue !== "yes") {
        element.focus();
        return;
      }
      element.dataset.confirmed = "1";
      element.click();
      delete element.dataset.confirmed;
    });
  }

  /* --- nobody sends twice --- */
  doc.addEventListener("submit", function (event) {
    const form = event.target;
    if (event.defaultPrevented || form.method === "get" || form.target === "_blank") return;
    if (form.dataset.sent === "1") {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    const button = event.submitter || form.querySelector('[type="submit"]');
    if (button) button.setAttribute("aria-busy", "true");
    // A file answer leaves the page standing; free the form again after a while.
    setTimeout(function () { release(form); }, 8000);
  });
  function release(form) {
    delete form.dataset.sent;
    form.querySelectorAll('[aria-busy="true"]').forEach(function (b) { b.removeAttribute("aria-busy"); });
  }
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) doc.querySelectorAll('form[data-sent="1"]').forEach(release);
  });
  on("click", "[data-once]", function (event, link) {
    if (link.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    link.setAttribute("aria-busy", "true");
    setTimeout(function () { link.removeAttribute("aria-busy"); }, 3000);
  });

  /* --- unsaved words are not lost by a slip --- */
  let dirty = false;
  doc.addEventListener("input", function (event) {
    if (event.target.closest && event.target.closest("form[data-form]")) dirty = true;
  });
  doc.addEventListener("submit", function () { dirty = false; });
  window.addEventListener("beforeunload", function (event) {
    if (dirty) event.preventDefault();
  });

  /* --- toasts --- */
  function toast(text, tone) {
    const box = doc.querySelector(".toasts");
    if (!box) return;
    const note = doc.createElement("div");
    note.className = "note " + (tone || "");
    const words = doc.createElement("div");
    words.className = "grow";
    words.textContent = text;
    const close = doc.createElement("button");
    close.className = "close";
    close.type = "button";
    close.setAttribute("data-close", "");
    close.setAttribute("aria-label", "关闭");
    close.textContent = "×";
    note.append(words, close);
    box.append(note);
    if (tone !== "r") setTimeout(function () { note.remove(); }, 8000);
  }
  on("click", "[data-close]", function (event, button) {
    const note = button.closest(".note");
    if (note) note.remove();
  });
  doc.querySelectorAll("[data-toast]").forEach(function (note) {
    if (note.dataset.toast !== "error") setTimeout(function () { note.remove(); }, 10000);
  });

  /* --- filters: fold on a phone, 更多条件, choices that depend on another --- */
  function setUp(scope) {
    scope.querySelectorAll("[data-fold-filters]").forEach(function (button) {
      const form = doc.getElementById(button.getAttribute("aria-controls"));
      if (form) form.classList.add("folded");
    });
    scope.querySelectorAll("select[data-parent]").forEach(function (select) {
      const form = select.form;
      const parent = form && form.elements[select.dataset.parent];
      if (!parent) return;
      parent.addEventListener("change", function () {
        const ask = new URLSearchParams({ options: select.name });
        ask.set(parent.name, parent.value);
        select.disabled = true;
        fetch(location.pathname + "?" + ask, { credentials: "same-origin" })
          .then(function (response) { return response.ok ? response.text() : Promise.reject(); })
          .then(function (html) { select.innerHTML = html; })
          .catch(function () { select.value = ""; })
          .then(function () { select.disabled = false; });
      });
    });
    fitTables(scope);
  }
  on("click", "[data-fold-filters]", function (event, button) {
    const form = doc.getElementById(button.getAttribute("aria-controls"));
    const folded = form.classList.toggle("folded");
    button.setAttribute("aria-expanded", String(!folded));
  });
  on("click", "[data-more]", function (event, button) {
    const more = doc.getElementById(button.getAttribute("aria-controls"));
    more.hidden = !more.hidden;
    button.setAttribute("aria-expanded", String(!more.hidden));
    if (!more.hidden) {
      const first = more.querySelector("select, input");
      if (first) first.focus();
    }
  });

  /* Blank conditions stay out of the URL. */
  function queryOf(form) {
    const pairs = new URLSearchParams();
    new FormData(form).forEach(function (value, key) {
      if (typeof value === "string" && value.trim() !== "") pairs.append(key, value.trim());
    });
    const text = pairs.toString();
    return location.pathname + (text ? "?" + text : "");
  }
  function load(url) {
    const list = doc.getElementById("list");
    if (!window.htmx || !list) {
      location.assign(url);
      return;
    }
    list.classList.add("htmx-request");
    window.htmx.ajax("GET", url, { target: "#list", swap: "outerHTML" }).then(function () {
      history.pushState({ list: true }, "", url);
      const fresh = doc.getElementById("list");
      if (fresh) {
        fresh.classList.remove("htmx-request");
        fitTables(fresh);
      }
    });
  }
  on("submit", "form[data-filters]", function (event, form) {
    event.preventDefault();
    location.assign(queryOf(form));
  });
  on("submit", "form[data-columns]", function (event, form) {
    event.preventDefault();
    const pairs = new URLSearchParams();
    const names = [];
    new FormData(form).forEach(function (value, key) {
      if (key === "col") names.push(value);
      else pairs.append(key, value);
    });
    if (names.length) pairs.set("cols", names.join("-"));
    location.assign(location.pathname + "?" + pairs.toString());
  });
  on("click", "a[data-list-link]", function (event, link) {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if ("reload" in link.dataset) return;
    event.preventDefault();
    const paging = link.closest(".pager");
    load(link.getAttribute("href"));
    if (paging) {
      const panel = doc.querySelector(".list-panel");
      if (panel) panel.scrollIntoView({ block: "start" });
    }
  });
  on("change", "select[data-go]", function (event, select) { load(select.value); });
  window.addEventListener("popstate", function (event) {
    if (doc.getElementById("list")) location.reload();
    else if (event.state && event.state.list) location.reload();
  });

  /* --- choosing rows --- */
  function picked() {
    const boxes = doc.querySelectorAll('tbody .pick input[type="checkbox"]');
    const chosen = Array.prototype.filter.call(boxes, function (b) { return b.checked; });
    const bulk = doc.getElementById("bulk");
    if (bulk) {
      bulk.classList.toggle("on", chosen.length > 0);
      const count = bulk.querySelector("[data-picked]");
      if (count) count.textContent = String(chosen.length);
    }
    const all = doc.querySelector("[data-pick-all]");
    if (all) {
      all.checked = boxes.length > 0 && chosen.length === boxes.length;
      all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    }
  }
  doc.addEventListener("change", function (event) {
    if (event.target.matches("[data-pick-all]")) {
      doc.querySelectorAll('tbody .pick input[type="checkbox"]').forEach(function (b) {
        b.checked = event.target.checked;
      });
      picked();
    } else if (event.target.closest && event.target.closest("tbody .pick")) {
      picked();
    }
  });

  /* --- a row that opens its explanation --- */
  on("click", "[data-expand]", function (event, button) {
    const row = button.closest("tr");
    const open = button.getAttribute("aria-expanded") === "true";
    if (open) {
      const next = row.nextElementSibling;
      if (next && next.classList.contains("exp")) next.hidden = true;
      row.classList.remove("open");
      button.setAttribute("aria-expanded", "false");
      return;
    }
    button.setAttribute("aria-expanded", "true");
    row.classList.add("open");
    const next = row.nextElementSibling;
    if (next && next.classList.contains("exp")) {
      next.hidden = false;
      return;
    }
    const line = doc.createElement("tr");
    line.className = "exp";
    const cell = doc.createElement("td");
    cell.colSpan = row.cells.length;
    cell.textContent = "正在取…";
    line.append(cell);
    row.after(line);
    fetch(button.dataset.expand, { headers: { "HX-Request": "true" }, credentials: "same-origin" })
      .then(function (response) {
        if (!response.ok) throw new Error(String(response.status));
        return response.text();
      })
      .then(function (html) { cell.innerHTML = html; })
      .catch(function () {
        line.remove();
        row.classList.remove("open");
        button.setAttribute("aria-expanded", "false");
        toast("没有取到这一行的说明。请再点一次。", "r");
      });
  });

  /* --- plot and table change places --- */
  on("click", "[data-swap]", function (event, button) {
    const table = doc.getElementById(button.getAttribute("aria-controls"));
    const plot = table.parentElement.querySelector(".plot");
    const show = table.hidden;
    table.hidden = !show;
    plot.hidden = show;
    button.setAttribute("aria-expanded", String(show));
    button.querySelector("span").textContent = show ? "看图" : "看表格";
    if (!show) window.dispatchEvent(new Event("resize"));
  });

  /* --- a table wider than its panel scrolls inside it --- */
  function fitTables(scope) {
    scope.querySelectorAll(".tbl-wrap").forEach(function (wrap) {
      const table = wrap.firstElementChild;
      if (!table) return;
      wrap.classList.remove("scroll");
      const wide = table.scrollWidth > wrap.clientWidth + 1;
      wrap.classList.toggle("scroll", wide);
      if (wide) {
        wrap.tabIndex = 0;
        if (!wrap.hasAttribute("role")) {
          wrap.setAttribute("role", "region");
          wrap.setAttribute("aria-label", "表格，可以左右移动");
        }
      } else {
        wrap.removeAttribute("tabindex");
      }
    });
  }
  function fitStages() {
    doc.querySelectorAll(".stages").forEach(function (list) {
      if (list.scrollWidth > list.clientWidth + 1) list.tabIndex = 0;
      else list.removeAttribute("tabindex");
    });
  }
  let resizing = 0;
  window.addEventListener("resize", function () {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(function () { fitTables(doc); fitStages(); });
  });

  /* --- files: what was chosen is said; a workbook can be dropped --- */
  doc.addEventListener("change", function (event) {
    const input = event.target;
    if (input.matches("input[data-files]")) {
      const said = input.parentElement.querySelector("[data-files-chosen]");
      const names = Array.prototype.map.call(input.files, function (f) { return f.name; });
      if (said) said.textContent = names.length ? "已选 " + names.length + " " + input.dataset.files + "：" + names.join("、") : "还没有选";
    }
    if (input.matches(".drop-file input")) {
      const said = input.closest(".drop-file").querySelector("[data-chosen]");
      if (said) said.textContent = input.files.length ? input.files[0].name : "";
    }
  });
  ["dragover", "dragleave", "drop"].forEach(function (type) {
    on(type, ".drop-file", function (event, box) {
      event.preventDefault();
      box.classList.toggle("over", type === "dragover");
      if (type === "drop" && event.dataTransfer.files.length) {
        const input = box.querySelector("input");
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  });

  /* --- password can be looked at --- */
  on("click", "[data-peek-button], button[data-peek]", function (event, button) {
    const box = button.closest(".pw");
    const input = box ? box.querySelector("input") : doc.getElementById(button.dataset.peek);
    const show = input.type === "password";
    input.type = show ? "text" : "password";
    button.setAttribute("aria-pressed", String(show));
    button.setAttribute("aria-label", show ? "隐藏密码" : "显示密码");
  });

  /* --- originals of photos: ← and → go on, Esc closes; before and after stand side by side --- */
  function frameOf(part) {
    const frame = doc.createElement("figure");
    const label = part.parentElement.querySelector(".lb");
    if (part.matches("a")) {
      const small = part.querySelector("img");
      const image = doc.createElement("img");
      image.src = part.href;
      image.alt = small ? small.alt : "";
      frame.append(image);
    } else {
      const blank = doc.createElement("div");
      blank.className = "blank-photo";
      blank.textContent = part.textContent;
      frame.append(blank);
    }
    const words = doc.createElement("figcaption");
    words.textContent = [label ? label.textContent : "", part.dataset.photo || ""].filter(Boolean).join("　");
    frame.append(words);
    return frame;
  }
  on("click", "a[data-photo]", function (event, link) {
    if (event.ctrlKey || event.metaKey || event.button) return;
    event.preventDefault();
    // One step is a pair, or a photo that stands alone.
    const steps = [];
    doc.querySelectorAll("a[data-photo]").forEach(function (photo) {
      const step = photo.closest("[data-pair]") || photo;
      if (steps.indexOf(step) < 0) steps.push(step);
    });
    let at = steps.indexOf(link.closest("[data-pair]") || link);
    const view = doc.createElement("dialog");
    view.className = "viewer";
    view.setAttribute("aria-label", "照片");
    const bar = doc.createElement("div");
    bar.className = "vc";
    const words = doc.createElement("span");
    words.className = "grow";
    words.setAttribute("aria-live", "polite");
    const stage = doc.createElement("div");
    stage.className = "vs";
    function button(text, label, act) {
      const b = doc.createElement("button");
      b.type = "button";
      b.textContent = text;
      b.setAttribute("aria-label", label);
      b.addEventListener("click", act);
      return b;
    }
    function show(step) {
      at = (at + step + steps.length) % steps.length;
      const pair = steps[at].matches("[data-pair]");
      const parts = pair ? Array.prototype.slice.call(steps[at].querySelectorAll("a[data-photo], .missing")) : [steps[at]];
      stage.replaceChildren.apply(stage, parts.map(frameOf));
      view.classList.toggle("pair", pair);
      words.textContent = (at + 1) + " / " + steps.length + (pair ? "　" + (steps[at].dataset.pair || "整改前后对照") : "");
    }
    bar.append(words, button("←", "上一张", function () { show(-1); }),
      button("→", "下一张", function () { show(1); }), button("×", "关闭", function () { view.close(); }));
    view.append(bar, stage);
    view.addEventListener("keydown", function (e) {
      if (e.key === "ArrowLeft") show(-1);
      if (e.key === "ArrowRight") show(1);
    });
    view.addEventListener("close", function () { view.remove(); link.focus(); });
    body.append(view);
    show(0);
    view.showModal();
  });

  doc.addEventListener("htmx:afterSwap", function (event) { fitTables(event.target); picked(); });
  setUp(doc);
  fitStages();
  const wrong = doc.querySelector(".is-invalid");
  if (wrong) wrong.focus();

  /* Who signs out takes the own queue of field work out of sight (js/field/store.js keeps it). */
  doc.addEventListener("submit", function (event) {
    if (!/\/logout\/$/.test(event.target.action)) return;
    try { localStorage.removeItem("xy-field-user"); } catch (error) { /* nothing was kept */ }
  });

  window.portal = { toast: toast, cookie: cookie };
})();
