/* 简报编辑：写字即存，不符的数字当场指出，版面随存随新。 */
(function () {
  "use strict";
  const root = document.querySelector("[data-bulletin][data-editable]");
  if (!root) return;
  const saved = root.querySelector("[data-saved]");
  const holder = root.querySelector("[data-blocks]");
  const preview = root.querySelector("[data-preview]");
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const WAIT = 900;
  let timer = 0;
  let number = 0;
  let sent = Promise.resolve();
  let last = collect("defaultValue");

  // value: what stands on the page now; defaultValue: what the office sent.
  function collect(property = "value") {
    return JSON.stringify({
      title: root.querySelector("[data-title]")[property],
      blocks: Array.from(holder.querySelectorAll("[data-block]"), (block) => ({
        key: block.dataset.key || "",
        kind: block.dataset.kind,
        hidden: block.hasAttribute("data-hidden"),
        text: block.querySelector("[data-text]") ? block.querySelector("[data-text]")[property] : "",
      })),
    });
  }

  function tell(text, tone) {
    saved.textContent = text;
    saved.className = "xs tnum " + (tone || "mut");
  }

  // The number at item.place alone: the same digits may stand in a date or a longer number before.
  // Numbers are counted as outreach/calculations.py counts them.
  function withFigure(text, item) {
    let place = -1;
    return text.replace(/(?:(?<![\p{Nd}.A-Za-z])[-−－–+＋负])?(?<![\p{Nd}.])\p{Nd}+(?:,\p{Nd}+)*(?:\.\p{Nd}+)?/gu, (number) => {
      place += 1;
      const same = place === item.place && number.replaceAll(",", "") === item.found;
      return same ? item.expected : number;
    });
  }

  function made(template) {
    return document.getElementById(template).content.cloneNode(true).firstElementChild;
  }

  function mark(wrong) {
    holder.querySelectorAll("[data-block]").forEach((block) => {
      const mine = wrong.filter((item) => item.key === block.dataset.key);
      block.classList.toggle("bad", mine.length > 0);
      block.querySelectorAll(".flag").forEach((flag) => flag.remove());
      mine.forEach((item) => {
        const flag = made("new-flag");
        flag.querySelector("b").textContent = item.sentence;
        flag.querySelector(".xs").textContent = item.warning ? "不影响送签" : item.label;
        if (item.place !== null) {
          const button = document.createElement("button");
          button.type = "button";
          button.className = "btn btn-sm btn-line";
          button.textContent = "改为 " + item.expected;
          button.addEventListener("click", () => {
            const area = block.querySelector("[data-text]");
            area.value = withFigure(area.value, item);
            later(0);
          });
          flag.append(button);
        }
        block.append(flag);
      });
    });
    const count = root.querySelector("[data-wrong-count]");
    const [bad, doubts] = counts(wrong);
    count.textContent = bad ? bad + " 处不符" : doubts ? doubts + " 处请核对" : "全部相符";
    count.classList.toggle("t-amber", wrong.length > 0);
    markSections(wrong);
  }

  function counts(items) {
    const doubts = items.filter((item) => item.warning).length;
    return [items.length - doubts, doubts];
  }

  function markSections(wrong) {
    const bySection = {};
    let section = "";
    holder.querySelectorAll("[data-block]").forEach((block) => {
      if (block.dataset.kind === "h1") section = block.dataset.key;
      const mine = wrong.filter((item) => item.key === block.dataset.key);
      bySection[section] = (bySection[section] || []).concat(mine);
    });
    root.querySelectorAll("[data-section]").forEach((pill) => {
      const [bad, doubts] = counts(bySection[pill.dataset.section] || []);
      pill.hidden = !bad && !doubts;
      pill.textContent = bad ? "不符 " + bad : "核对 " + doubts;
    });
  }

  // One after the other: a later text is never overtaken by an earlier one.
  function save() {
    sent = sent.then(send);
    return sent;
  }

  async function send() {
    const body = collect();
    if (body === last) return;
    tell("正在保存");
    try {
      const answer = await fetch(root.dataset.save, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body,
      });
      const told = await answer.json();
      if (answer.ok) {
        last = body;
        tell(told.message);
        mark(told.wrong);
        if (preview.contentWindow) preview.contentWindow.location.reload();
      } else {
        tell(told.message + "　没有保存", "t-red");
      }
    } catch (error) {
      tell("网络不通，还没有保存。文字留在页面上，联网后会再存。", "t-red");
      later(5000);
    }
  }

  function later(wait) {
    window.clearTimeout(timer);
    timer = window.setTimeout(save, wait === undefined ? WAIT : wait);
  }

  holder.addEventListener("input", () => { tell("有改动"); later(); });
  holder.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove]");
    if (!button) return;
    button.closest("[data-block]").remove();
    later(0);
  });
  root.querySelectorAll("[data-add]").forEach((button) => {
    button.addEventListener("click", () => {
      const block = made("new-block");
      const area = block.querySelector("[data-text]");
      const kind = button.dataset.add;
      block.dataset.kind = kind;
      number += 1;
      block.dataset.key = "n" + Date.now().toString(36) + number;
      block.querySelector(".bt").textContent = button.textContent;
      area.className = kind;
      area.setAttribute("aria-label", button.textContent);
      const focused = document.activeElement && document.activeElement.closest("[data-block]");
      if (focused) focused.after(block); else holder.append(block);
      area.focus();
    });
  });
  root.querySelectorAll("[data-toggle-section]").forEach((button) => {
    button.addEventListener("click", () => {
      const first = document.getElementById("block-" + button.dataset.toggleSection);
      const hide = !first.hasAttribute("data-hidden");
      for (let block = first; block; block = block.nextElementSibling) {
        if (block !== first && block.dataset.kind === "h1") break;
        block.toggleAttribute("data-hidden", hide);
        block.classList.toggle("off", hide);
      }
      button.closest("li").classList.toggle("off", hide);
      button.setAttribute("aria-pressed", String(hide));
      later(0);
    });
  });
  const refresh = root.querySelector("[data-refresh]");
  refresh.addEventListener("click", () => preview.contentWindow.location.reload());
  // What is on the page is kept before the page is left for 送签发.
  document.querySelectorAll(".page-head .acts a").forEach((link) => {
    link.addEventListener("click", async (event) => {
      if (collect() === last) return;
      event.preventDefault();
      await save();
      window.location.href = link.href;
    });
  });
  window.addEventListener("beforeunload", (event) => {
    if (collect() !== last) event.preventDefault();
  });
  // Somebody may have written before this script was there to hear it.
  if (collect() !== last) later(0);
})();
