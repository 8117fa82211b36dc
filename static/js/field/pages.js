/* The pages of field work that are drawn in the browser: the list and the form without a signal, the queue
   always. With a signal the list comes from the office, and what lies in this browser is added to it. */
(function () {
  "use strict";
  if (!window.Field) return;
  const doc = document;
  const urls = Field.urls;
  const here = doc.querySelector("[data-page]");
  const shell = doc.querySelector("[data-shell]");
  const mine = doc.querySelector("[data-mine]");
  const ENTRY = /\/entry\/([0-9a-f-]{36})\/$/;

  /* --- small makers -------------------------------------------------------------------------- */

  function make(tag, attributes) {
    const element = doc.createElement(tag);
    Object.entries(attributes || {}).forEach(function (pair) {
      if (pair[1] !== false && pair[1] !== undefined && pair[1] !== null) element.setAttribute(pair[0], pair[1] === true ? "" : pair[1]);
    });
    Array.prototype.slice.call(arguments, 2).flat(Infinity).forEach(function (child) {
      if (child !== null && child !== undefined && child !== "") element.append(child);
    });
    return element;
  }
  const SVG = "http://www.w3.org/2000/svg";
  function drawing(tag, attributes) {
    const element = doc.createElementNS(SVG, tag);
    Object.entries(attributes).forEach(function (pair) { element.setAttribute(pair[0], pair[1]); });
    return element;
  }
  function icon(name, css) {
    const svg = drawing("svg", { "class": "ti " + (css || ""), "aria-hidden": "true", focusable: "false" });
    svg.append(drawing("use", { href: urls.icons + "#" + name }));
    return svg;
  }
  function pill(word, tone) { return make("span", { "class": "pill " + (tone || "") }, word); }
  function heading(left, right, tone) {
    return make("h2", { "class": "m-h" }, make("span", {}, left), make("span", { "class": "tnum " + (tone || "") }, right));
  }
  function line(css, text) { return make("div", { "class": "s clip " + css }, text); }
  function row(href, name, lines, state, low) {
    return make("a", { "class": "m-row" + (low ? " low" : ""), href: href },
      make("div", { "class": "grow" }, make("div", { "class": "n clip" }, name), lines), state, icon("chevron-right", "go"));
  }
  function two(number) { return String(number).padStart(2, "0"); }
  function hm(time) { const at = new Date(time); return two(at.getHours()) + ":" + two(at.getMinutes()); }
  function today(time) { return time && new Date(time).toDateString() === new Date().toDateString(); }
  function mb(bytes) { return (bytes / 1048576).toFixed(1) + " MB"; }
  function entryUrl(draft) {
    const query = draft.round ? "?round=" + draft.round + "&estate=" + draft.estate : "";
    return urls.entry.replace("KEY", draft.key) + query;
  }
  const STATES = {
    draft: ["草稿", "a"], ready: ["存在本机", "a"], sent: ["已上报", "g"], conflict: ["两份不同", "a"], refused: ["没有收下", "r"],
  };
  function stateOf(draft) {
    if (draft.state === "ready" && Field.sender.status.key === draft.key) return pill("正在上报", "b");
    return pill(STATES[draft.state][0], STATES[draft.state][1]);
  }
  function inQueue(draft) { return ["ready", "conflict", "refused"].indexOf(draft.state) !== -1; }
  async function finishedRow(draft) {
    const number = draft.state === "sent" ? draft.photoTotal || 0 : (await Field.photos(draft.key)).length;
    const told = draft.state === "sent" || draft.state === "conflict"
      ? hm(draft.sentAt || draft.at) + " 上报 · 回执 " + String(draft.answer.number).slice(-4)
      : hm(draft.doneAt || draft.at) + " 填完" + (number ? " · 照片 " + number + " 张" : "");
    const url = draft.state === "sent" ? urls.receipt.replace("PK", draft.answer.pk) : urls.sending;
    return row(url, draft.name || "检查", [line("tnum", told)], stateOf(draft), true);
  }
  async function finishedList(drafts) {
    const done = drafts.filter(function (draft) { return inQueue(draft) || (draft.state === "sent" && today(draft.sentAt)); });
    if (!done.length) return [];
    const rows = [];
    for (const draft of done.reverse()) rows.push(await finishedRow(draft));
    return [heading("今天填完的", done.length + " 个"), make("div", { "class": "m-list" }, rows)];
  }

  /* --- signal ---------------------------------------------------------------------------------- */

  function showSignal() {
    doc.querySelectorAll("[data-off]").forEach(function (box) { box.hidden = navigator.onLine; });
  }
  window.addEventListener("online", showSignal);
  window.addEventListener("offline", showSignal);
  showSignal();

  /* --- the list, as the office made it ----------------------------------------------------------- */

  async function addToList() {
    const drafts = await Field.drafts();
    const byKey = new Map(drafts.map(function (draft) { return [draft.key, draft]; }));
    doc.querySelectorAll("[data-draft]").forEach(function (link) {
      const draft = byKey.get(link.dataset.draft);
      if (!draft) return;
      const done = inQueue(draft);
      link.hidden = done;
      const shown = link.querySelector(".pill");
      if (!done && draft.state === "draft" && draft.dirty && shown) shown.replaceWith(pill("草稿", "a"));
    });
    const waiting = drafts.filter(inQueue).length;
    const tab = mine.querySelector("[data-queue]");
    tab.hidden = !waiting;
    tab.querySelector("em").textContent = waiting;
    let box = doc.querySelector("[data-finished]");
    if (!box) {
      box = make("div", { "data-finished": true });
      const end = doc.querySelector(".m-more:last-of-type");
      if (end) end.before(box); else doc.getElementById("main").append(box);
    }
    if (mine.querySelector("a:first-child").classList.contains("on")) box.replaceChildren.apply(box, await finishedList(drafts));
  }

  /* --- the list, without a signal ------------------------------------------------------------------ */

  function setHead(title, meta, back) {
    doc.querySelector("[data-title]").textContent = title;
    doc.title = title + doc.title.replace(/^[^·]*/, " ");
    const small = doc.querySelector("[data-meta]");
    small.hidden = !meta;
    small.textContent = meta || "";
    doc.querySelector("[data-back]").hidden = !back;
    doc.querySelector("[data-no-back]").hidden = Boolean(back);
    doc.querySelector("[data-nav]").hidden = Boolean(back);
  }
  function blank(name, text, link) {
    return make("div", { "class": "blank" }, icon(name), make("p", {}, text), link);
  }
  async function drawList() {
    setHead("我的检查", "", false);
    const kept = await Field.work();
    const drafts = await Field.drafts();
    if (!kept && !drafts.length) {
      here.replaceChildren(blank("cloud-off", "这台手机上还没有要检查的小区。有网络时打开一次“我的检查”，没有网络时就能用了。"));
      return;
    }
    const told = kept ? kept.told : { rounds: [], drafts: [] };
    const byKey = new Map(drafts.map(function (draft) { return [draft.key, draft]; }));
    const parts = [];
    let number = 0;
    const loose = told.drafts.filter(function (one) { return !one.round && !(byKey.has(one.key) && byKey.get(one.key).state !== "draft"); });
    if (loose.length) {
      parts.push(heading("没填完的临时检查", loose.length + " 个"), make("div", { "class": "m-list" }, loose.map(function (one) {
        return row(urls.entry.replace("KEY", one.key), one.name, [line("", one.meta)], pill("草稿", "a"), true);
      })));
    }
    told.rounds.forEach(function (round) {
      const rows = round.rows.filter(function (one) {
        const draft = byKey.get(one.key);
        return !draft || draft.state === "draft";
      });
      number += rows.length;
      parts.push(heading(round.title, round.end, round.tone ? (round.tone === "r" ? "t-red" : "t-amber") : ""));
      parts.push(make("div", { "class": "m-list" }, rows.map(function (one) {
        const draft = byKey.get(one.key);
        const begun = one.state || (draft && draft.dirty);
        const lines = [line("", (one.community ? one.community + " · " : "") + one.last)];
        if (one.reason) lines.push(make("div", { "class": "s t-amber" }, "退回：" + one.reason));
        if (one.overdue) lines.push(line("t-red", one.overdue + " 件整改已逾期"));
        else if (one.recheck) lines.push(line("t-amber", one.recheck + " 件整改待复查"));
        return row(entryUrl({ key: one.key, round: round.id, estate: one.estate }), one.name, lines,
          pill(one.state === "returned" ? "已退回" : begun ? "草稿" : "未开始", begun ? "a" : ""));
      })));
    });
    if (!number && !loose.length) parts.push(blank("clipboard-check", "安排你检查的小区都已填完。"));
    const waiting = drafts.filter(inQueue).length;
    const sent = drafts.filter(function (draft) { return draft.state === "sent"; }).length;
    const tabs = make("nav", { "class": "m-seg", "aria-label": "我的检查" },
      make("a", { "class": "on", "aria-current": "page", href: urls.mine }, "待检查 ", make("em", {}, String(number))),
      make("a", { href: urls.sending }, "本机 ", make("em", {}, String(waiting))),
      make("a", { href: urls.sending }, "已上报 ", make("em", {}, String(sent))));
    here.replaceChildren.apply(here, [tabs].concat(parts, await finishedList(drafts)));
    if (kept) here.append(make("p", { "class": "m-more" }, hm(kept.at) + " 从房管中心取的名单"));
  }

  /* --- the form, without a signal --------------------------------------------------------------------- */

  async function drawForm(key) {
    const query = new URLSearchParams(location.search);
    const kept = await Field.work();
    const draft = await Field.draft(key);
    const told = kept ? kept.told : { rounds: [], drafts: [], forms: {} };
    const atOffice = told.drafts.find(function (one) { return one.key === key; });
    const round = told.rounds.find(function (one) {
      return String(one.id) === String((draft && draft.round) || (atOffice && atOffice.round) || query.get("round"));
    });
    const line_ = round && round.rows.find(function (one) { return one.key === key; });
    const form = told.forms[(atOffice && atOffice.checklist) || (round && round.checklist)];
    const estate = (draft && draft.estate) || (atOffice && atOffice.estate) || (line_ && line_.estate);
    const name = (draft && draft.name) || (atOffice && atOffice.name) || (line_ && line_.name) || "检查";
    setHead(name, (draft && draft.meta) || (atOffice && atOffice.meta) || (round && round.title), true);
    if (draft && draft.state === "sent") {
      here.replaceChildren(make("div", {}, receipt(draft)));
      return;
    }
    if (!form || !estate) {
      here.replaceChildren(blank("cloud-off", "这个小区的检查表没有存在这台手机上，有网络时再打开。",
        make("a", { "class": "btn", href: urls.mine }, "回到我的检查")));
      return;
    }
    const base = urls.entry.replace("KEY", key);
    const element = make("form", {
      "class": "items", id: "entry", method: "post", action: base, novalidate: true, "data-entry": true, "data-key": key,
      "data-draft-url": base + "draft/", "data-max-mb": "15",
      "data-full": form.full, "data-pass": form["pass"], "data-name": name,
      "data-meta": (draft && draft.meta) || (atOffice && atOffice.meta) || (round && round.title) || "",
      "data-status": (atOffice && atOffice.status) || "", "data-base": (atOffice && atOffice.base) || "",
    });
    if (round) element.append(make("input", { type: "hidden", name: "round", value: round.id }));
    element.append(make("input", { type: "hidden", name: "estate", value: estate }));
    element.append(make("div", { "data-says": true }));
    const items = make("div", { "data-items": true });
    // Drawn by the portal's own template when the day's work was loaded; no text of a person is in it.
    items.innerHTML = form.html;
    element.append(items, doc.getElementById("entry-bar").content.cloneNode(true));
    if (atOffice) put(element, atOffice.values);
    else if (element.elements.inspected_on) {
      const now = new Date();
      element.elements.inspected_on.value = now.getFullYear() + "-" + two(now.getMonth() + 1) + "-" + two(now.getDate());
    }
    here.replaceChildren(element);
    window.InspectionForm.start(element);
    if (atOffice) atOffice.photos.forEach(function (photo) { there(element, photo); });
  }
  function put(form, values) {
    Object.entries(values).forEach(function (pair) {
      const field = form.elements[pair[0]];
      if (!field) return;
      if (field instanceof RadioNodeList) field.value = pair[1];
      else if (field.type === "checkbox") field.checked = field.value === pair[1];
      else {
        if (field.tagName === "SELECT" && !Array.from(field.options).some(function (o) { return o.value === pair[1]; })) {
          field.append(make("option", { value: pair[1] }, pair[1] + " 天内"));
        }
        field.value = pair[1];
      }
    });
  }
  /* A photo that the office has already, of which this browser holds no copy. */
  function there(form, photo) {
    if (form.querySelector('[data-thumb][data-key="' + photo.key + '"]')) return;
    const list = form.querySelector('[data-fix="' + photo.item + '"] [data-ths="' + photo.stage + '"]');
    if (!list) return;
    list.insertBefore(make("div", { "class": "th gone", "data-thumb": true, "data-key": photo.key }, icon("cloud-check"),
      make("span", {}, "已在房管中心")), list.querySelector(".cam"));
  }

  /* --- the queue ---------------------------------------------------------------------------------------- */

  function facts(pairs) {
    return make("dl", {}, pairs.map(function (pair) {
      return [make("dt", {}, pair[0]), make("dd", { "class": "tnum" }, pair[2] ? make("b", {}, pair[1]) : pair[1])];
    }));
  }
  function card(mark, draft, state) {
    return make("div", { "class": "rc", "data-queued": draft.key }, make("div", { "class": "rh" }, mark,
      make("div", { "class": "grow" }, make("div", { "class": "n" }, draft.name || "检查")), state), Array.prototype.slice.call(arguments, 3));
  }
  function receipt(draft) {
    const told = draft.answer || {};
    return card(icon("circle-check"), draft, stateOf(draft), facts([
      ["回执号", told.number, true], ["收到时间", told.received || ""],
      ["得分", told.score + " 分，" + (told.failed ? told.failed + " 项不合格" : "全部合格")],
      ["照片", draft.photoTotal ? draft.photoTotal + " 张全部收到，核对一致" : "没有照片"],
    ]));
  }
  function ring(done, all) {
    const length = 2 * Math.PI * 29;
    const svg = drawing("svg", { width: 68, height: 68, viewBox: "0 0 68 68", "aria-hidden": "true", fill: "none" });
    svg.append(drawing("circle", { cx: 34, cy: 34, r: 29, stroke: "#e1e6ed", "stroke-width": 6 }));
    if (done) {
      svg.append(drawing("circle", {
        cx: 34, cy: 34, r: 29, stroke: done === all ? "#1b6b40" : "#1a4b8c", "stroke-width": 6, "stroke-linecap": "round",
        "stroke-dasharray": (length * done / all).toFixed(1) + " " + length.toFixed(1), transform: "rotate(-90 34 34)",
      }));
    }
    return make("div", { "class": "ring" }, svg, make("b", { "class": "tnum n" }, done + "/" + all));
  }
  function button(label, css, act) {
    const element = make("button", { type: "button", "class": "btn " + css }, label);
    element.addEventListener("click", act);
    return element;
  }
  async function waitingCard(draft) {
    const status = Field.sender.status;
    if (draft.state === "ready" && status.key === draft.key) {
      const words = (draft.answer ? "文字已到，" : "正在传文字，") + "照片 " + status.done + "/" + status.total
        + (status.bytesTotal ? "，" + mb(status.bytesDone) + " / " + mb(status.bytesTotal) : "");
      return card(icon("cloud-upload", "b"), draft, stateOf(draft),
        make("progress", { "class": "bar-line", max: Math.max(status.total, 1), value: status.total ? status.done : 0, "aria-label": "照片" }),
        make("div", { "class": "tell tnum" }, words));
    }
    const photos = await Field.photos(draft.key);
    const size = photos.reduce(function (sum, photo) { return sum + photo.blob.size; }, 0);
    const words = hm(draft.doneAt || draft.at) + " 填完" + (photos.length ? "，照片 " + photos.length + " 张，" + mb(size) : "")
      + (draft.answer && draft.answer.number ? "，文字已到（" + draft.answer.number + "）" : "");
    if (draft.state === "ready") {
      return card(icon("device-mobile", "a"), draft, stateOf(draft), make("div", { "class": "tell tnum" }, words));
    }
    const acts = [];
    if (draft.answer && draft.answer.pk) acts.push(make("a", { "class": "btn", href: "/inspections/" + draft.answer.pk + "/" }, "看检查记录"));
    else acts.push(make("a", { "class": "btn", href: entryUrl(draft) }, "打开修改"));
    if (draft.state === "refused") acts.push(button("再报一次", "", function () { again(draft.key); }));
    acts.push(button("从本机删去", "btn-text", function () { remove(draft); }));
    return card(icon("alert-circle", "a"), draft, stateOf(draft), make("div", { "class": "why" + (draft.state === "refused" ? " bad" : "") }, draft.problem),
      make("div", { "class": "do" }, acts));
  }
  async function again(key) {
    await Field.changeDraft(key, function (kept) { kept.state = "ready"; kept.problem = ""; });
    Field.sender.now();
  }
  async function remove(draft) {
    const told = draft.state === "conflict"
      ? "两份都已在房管中心，从这台手机上删去。" : (draft.name || "这份检查") + "没有上报，删去后找不回来。";
    if (window.confirm(told)) { await Field.dropDraft(draft.key); drawQueue(); }
  }
  function notice(tone, name, text, act) {
    return make("div", { "class": "note flat " + tone, role: "status" }, icon(name), make("div", { "class": "grow" }, make("b", {}, text), act ? make("div", {}, act) : ""));
  }
  let drawing_ = false;
  let redraw = false;
  async function drawQueue() {
    if (drawing_) { redraw = true; return; }
    drawing_ = true;
    try {
      do { redraw = false; await drawQueueOnce(); } while (redraw);
    } finally { drawing_ = false; }
  }
  async function drawQueueOnce() {
    const desk = "desk" in here.dataset;
    if (shell) setHead("上报", "", true);
    const drafts = await Field.drafts();
    const waiting = drafts.filter(inQueue);
    const sent = drafts.filter(function (draft) { return draft.state === "sent"; }).reverse();
    const ready = waiting.filter(function (draft) { return draft.state === "ready"; });
    const recent = sent.filter(function (draft) { return today(draft.sentAt); });
    const status = Field.sender.status;
    const parts = [];
    const login = make("a", { "class": "btn btn-primary", href: urls.login + "?next=" + encodeURIComponent(desk ? urls.file : urls.sending) }, "输入密码，接着上报");
    if (!navigator.onLine && shell) { /* the frame says so above */ }
    else if (!navigator.onLine) parts.push(notice("a", "wifi-off", "现在没有网络。填好的存在本机，有网后自动上报。"));
    else if (status.state === "signedOut" && ready.length) parts.push(notice("a", "lock", status.message, login));
    else if (status.state === "otherUser") parts.push(notice("a", "users", status.message, login));
    else if (status.state === "waiting" && ready.length) parts.push(notice("a", "cloud-off", status.message, button("现在上报", "", Field.sender.now)));
    const all = ready.length + recent.length;
    if (all) {
      const sending = status.state === "sending" && ready.length;
      const title = sending ? "正在上报第 " + (recent.length + 1) + " 份" : ready.length ? ready.length + " 份等待上报" : "全部上报完";
      const more = sending
        ? "照片 " + status.total + " 张已到 " + status.done + " 张。可以锁屏，断网后会接着传。"
        : ready.length ? "内容和照片都存在本机，不会丢。" : "房管中心已收到，可以放心。";
      parts.push(make("div", { "class": "sumcard" }, ring(recent.length, all), make("div", { "class": "grow" },
        make("div", { "class": "h" }, title), make("div", { "class": "mut" }, more))));
    }
    if (waiting.length) {
      parts.push(heading("还在本机", waiting.length + " 份"));
      for (const draft of waiting) parts.push(await waitingCard(draft));
    }
    if (sent.length) {
      parts.push(heading("已到房管中心", sent.length + " 份"));
      sent.forEach(function (draft) { parts.push(receipt(draft)); });
    }
    if (!drafts.length || (!waiting.length && !sent.length)) parts.push(blank("cloud-check", desk ? "选好文件后，这里列出每份检查和回执号。" : "没有等待上报的检查。填完的检查列在这里。"));
    const kept = drafts.some(function (draft) { return draft.state !== "sent"; });
    if (!desk) {
      parts.push(make("div", { "class": "m-bar" },
        kept ? button("另存为文件", "half", saveFile) : make("a", { "class": "btn half", href: urls.file }, "从文件上报"),
        make("a", { "class": "btn btn-primary wide", href: urls.mine }, "回到我的检查")));
    }
    here.replaceChildren.apply(here, parts);
  }
  async function saveFile() {
    const link = make("a", { href: URL.createObjectURL(await Field.asFile()), download: "检查存档-" + new Date().toISOString().slice(0, 10) + ".json" });
    doc.body.append(link);
    link.click();
    window.setTimeout(function () { URL.revokeObjectURL(link.href); link.remove(); }, 60000);
  }
  const chooser = doc.querySelector("[data-queue-file]");
  if (chooser) {
    chooser.addEventListener("change", async function () {
      const box = doc.querySelector("[data-file-problem]");
      box.hidden = true;
      const file = chooser.files[0];
      if (!file) return;
      try {
        await Field.fromFile(await file.text());
        await drawQueue();
        Field.sender.now();
      } catch (error) {
        box.hidden = false;
        box.querySelector(".grow").textContent = error instanceof Field.Refused ? error.message : "文件读不出来，请重新另存一次。";
      }
      chooser.value = "";
    });
  }

  /* --- which page this is -------------------------------------------------------------------------------- */

  async function draw() {
    if (!Field.usable) {
      if (shell) here.replaceChildren(blank("lock", "请在有网络时登录。本机的检查登录后就能看到。", make("a", { "class": "btn", href: urls.login + "?next=" + encodeURIComponent(urls.mine) }, "登录")));
      return;
    }
    if (mine) return addToList();
    if (!here) return undefined;
    if (here.dataset.page === "sending" || location.pathname === urls.sending) return drawQueue();
    const entry = ENTRY.exec(location.pathname);
    return entry ? drawForm(entry[1]) : drawList();
  }
  const isForm = doc.getElementById("entry") || (shell && ENTRY.test(location.pathname));

  /* Without a signal nothing is fetched; with one the day's work is loaded for when there is none. */
  async function loadWork() {
    if (!navigator.onLine) return;
    try {
      const answer = await Field.sender.ask(urls.work);
      if (answer.ok && String(answer.told.user.id) === String(Field.user.id)) await Field.putWork(answer.told);
    } catch (error) { /* the last one stands */ }
  }
  /* A page that was on its way while the worker started belongs to none: it asks to be taken over. */
  async function takeOver() {
    const workers = "serviceWorker" in navigator && window.isSecureContext && navigator.serviceWorker;
    if (!workers) return;
    try {
      await workers.register(urls.worker, { scope: urls.scope });
      const { active } = await workers.ready;
      if (!workers.controller) active.postMessage("claim");
    } catch (error) { /* again on the next page */ }
  }
  async function begin() {
    await draw();
    if (!isForm && Field.usable) {
      doc.addEventListener("field:sending", function () { draw(); });
      Field.listen(function () { draw(); });
    }
    takeOver();
    if (!Field.usable) return;
    // The browser clears what it likes when space runs out, unless it is asked not to.
    if (navigator.storage && navigator.storage.persist) navigator.storage.persist();
    await Field.tidy();
    if (mine || shell) await loadWork();
    if (shell && !isForm) await draw();
    Field.sender.run();
  }
  Field.begun = begin();
})();
