/* Suggestions of the search box in the top bar: name, pinyin initials or code. */
(function () {
  "use strict";

  const form = document.querySelector("[data-find]");
  if (!form) return;
  const input = form.querySelector("input");
  const list = form.querySelector(".find-list");
  let timer = 0;
  let asked = 0;
  let shown = "";

  function close() {
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    shown = "";
  }

  function options() {
    return Array.prototype.slice.call(list.querySelectorAll('[role="option"]'));
  }

  function pick(step) {
    const all = options();
    if (!all.length) return;
    let at = all.findIndex(function (o) { return o.classList.contains("on"); });
    if (at >= 0) {
      all[at].classList.remove("on");
      all[at].setAttribute("aria-selected", "false");
    }
    at = (at + step + all.length) % all.length;
    all[at].classList.add("on");
    all[at].setAttribute("aria-selected", "true");
    all[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", all[at].id);
  }

  function look() {
    const text = input.value.trim();
    if (!text) {
      close();
      return;
    }
    if (text === shown) return;
    const mine = ++asked;
    fetch(form.action + "?part=1&q=" + encodeURIComponent(text), {
      headers: { "HX-Request": "true" }, credentials: "same-origin",
    }).then(function (response) {
      return response.ok ? response.text() : "";
    }).then(function (html) {
      if (mine !== asked || document.activeElement !== input) return;
      list.innerHTML = html;
      shown = text;
      input.setAttribute("aria-expanded", String(Boolean(options().length)));
    }).catch(close);
  }

  input.addEventListener("input", function () {
    clearTimeout(timer);
    timer = setTimeout(look, 160);
  });
  input.addEventListener("compositionend", look);
  input.addEventListener("keydown", function (event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      pick(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !event.isComposing) {
      const on = list.querySelector(".on");
      if (on) {
        event.preventDefault();
        location.assign(on.href);
      }
    } else if (event.key === "Escape") {
      close();
      input.blur();
    }
  });
  document.addEventListener("click", function (event) {
    if (!form.contains(event.target)) close();
  });
})();
