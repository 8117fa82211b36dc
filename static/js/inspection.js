/* The inspection form: opens what failed, counts the score, keeps every change and every photo in this
   browser (`Field`, js/field/) and brings them to the office as soon as there is a signal. Without this
   script the page is one plain form; the form of a checklist to look at has only its first half. */
(function () {
  "use strict";
  const doc = document;
  const WAIT = 800;
  const RETRY = 15000;

  function start(form) {
  const scoreBox = form.querySelector("[data-score]");
  const saveBox = form.querySelector("[data-save]");
  const live = "entry" in form.dataset && Boolean(window.Field) && Field.usable;

  /* --- what the answers mean ------------------------------------------------------------- */

  function outcome(row) {
    const chosen = row.querySelector('input[type="radio"]:checked');
    return chosen ? chosen.value : "pass";
  }
  function fixOf(row) {
    const item = row.dataset ? row.dataset.item : row;
    return form.querySelector('[data-fix="' + item + '"]');
  }
  /* Photos after a repair belong to an item that was put right on the spot. */
  function showAfter(item) {
    const fix = fixOf(item);
    const box = fix.querySelector("[data-after]");
    box.hidden = !fix.querySelector("[data-fixed]").checked && !box.querySelector("[data-thumb]");
  }
  function deduction(row) { return fixOf(row).querySelector(".stp input"); }
  function plain(number) { return String(Math.round(number * 10) / 10); }

  /* The same arithmetic as inspections.calculations.score_of; the server's is the one that counts. */
  function score() {
    const full = Number(form.dataset.full);
    let applicable = 0;
    let lost = 0;
    let veto = false;
    form.querySelectorAll("[data-item]").forEach(function (row) {
      const found = outcome(row);
      if (found === "na") return;
      const points = Number(row.dataset.points);
      applicable += points;
      if (found !== "fail") return;
      lost += Math.min(Math.max(Number(deduction(row).value) || 0, 0), points);
      if ("veto" in row.dataset) veto = true;
    });
    if (!applicable) return "—";
    const base = Math.round(full * (applicable - lost) / applicable * 10 + 1e-7) / 10;
    return plain(veto ? Math.min(base, Number(form.dataset.pass) - 0.1) : base);
  }

  /* As ChecklistItem.takes_photo and wants_photo have it. */
  function takesPhoto(row) {
    const found = outcome(row);
    return found === "fail" || (found === "pass" && Boolean(row.dataset.passPhoto));
  }
  function wantsPhoto(row) {
    const found = outcome(row);
    return found === "fail" ? "photoRequired" in row.dataset : found === "pass" && row.dataset.passPhoto === "required";
  }
  function ths(item, stage) { return fixOf(item).querySelector('[data-ths="' + stage + '"]'); }
  function words(item) {
    const box = fixOf(item).querySelector("[data-photo-words]");
    const row = form.querySelector('[data-item="' + item + '"]');
    const number = ths(item, "found").querySelectorAll("[data-thumb]").length;
    const wanted = outcome(row) === "pass" ? box.dataset.wantedPass : box.dataset.wanted;
    box.textContent = wanted + (number ? "，已拍 " + number + " 张" : "");
    group(row);
  }
  function show(row) {
    const failed = outcome(row) === "fail";
    const fix = fixOf(row);
    row.classList.toggle("bad", failed || !fix.querySelector("[data-problem]").hidden);
    fix.hidden = !takesPhoto(row);
    fix.classList.toggle("proof", !failed);
    fix.querySelectorAll("[data-when-failed]").forEach(function (box) { box.hidden = !failed; });
    words(row.dataset.item);
  }
  function group(row) {
    const box = row.closest("[data-group]");
    const rows = Array.from(box.querySelectorAll("[data-item]"));
    const failed = rows.filter(function (r) { return outcome(r) === "fail"; }).length;
    const lacking = rows.filter(function (r) {
      return wantsPhoto(r) && !ths(r, "found").querySelector("[data-thumb]");
    }).length;
    const said = box.querySelector("[data-group-state]");
    said.textContent = failed ? failed + " 项不合格" : lacking ? "还有 " + lacking + " 项要拍照" : "全部合格";
    said.parentElement.className = failed ? "t-red" : lacking ? "t-amber" : "t-green";
  }
  function problem(item, text) {
    const box = form.querySelector('[data-fix="' + item + '"] [data-problem]');
    box.hidden = !text;
    box.querySelector("span").textContent = text;
  }
  function count() { scoreBox.textContent = score(); }

  form.addEventListener("change", function (event) {
    const row = event.target.closest("[data-item]");
    if (row) {
      const failed = outcome(row) === "fail";
      if (!failed) problem(row.dataset.item, "");
      show(row);
      if (failed && event.isTrusted) fixOf(row).querySelector("textarea").focus({ preventScroll: true });
    }
    if (event.target.matches(".stp input")) settle(event.target);
    count();
  });

  function rowOf(element) {
    const fix = element.closest("[data-fix]");
    return form.querySelector('[data-item="' + fix.dataset.fix + '"]');
  }
  /* Between one step and all points of the item. */
  function settle(input, by) {
    const row = rowOf(input);
    const step = Number(row.dataset.step);
    const most = Number(row.dataset.points);
    let value = Number(String(input.value).replace("，", ".")) || 0;
    if (by) {
      const at = value === most && most % step ? Math.ceil(most / step) : Math.round(value / step);
      value = (at + by) * step;
    }
    input.value = plain(Math.min(Math.max(value, Math.min(step, most)), most));
  }
  form.addEventListener("click", function (event) {
    const by = event.target.closest("[data-by]");
    if (by) {
      const input = by.parentElement.querySelector("input");
      settle(input, Number(by.dataset.by));
      count();
      if (live) ready.then(changed);
      return;
    }
    const phrase = event.target.closest("[data-phrase]");
    if (!phrase) return;
    const note = phrase.closest("[data-fix]").querySelector("textarea");
    const word = phrase.dataset.phrase;
    if (note.value.indexOf(word) === -1) {
      const gap = note.value.trim() && !/[，。；、]$/.test(note.value.trim()) ? "，" : "";
      note.value = (note.value.trim() + gap + word).slice(0, 300);
      note.dispatchEvent(new Event("input", { bubbles: true }));
    }
    note.focus({ preventScroll: true });
  });

  form.querySelectorAll("[data-item]").forEach(show);
  form.addEventListener("change", function (event) {
    if ("fixed" in event.target.dataset) showAfter(event.target.dataset.fixed);
  });

  function toFirstWrong() {
    const first = form.querySelector("[data-problem]:not([hidden])");
    if (!first) return;
    first.closest("[data-group]").open = true;
    rowOf(first).scrollIntoView({ block: "center" });
  }
  toFirstWrong();
  if (!live) { count(); return; }

  /* --- keeping --------------------------------------------------------------------------------- */

  const key = form.dataset.key;
  const send = Field.sender;
  const fields = ["round", "estate"];
  let draft = null;
  let timer = 0;
  let retry = 0;
  let running = null;
  let writing = Promise.resolve();
  let elsewhere = false;  // the office's draft was changed on another device: report, do not overwrite

  function numberOf(name) { return form.elements[name] ? Number(form.elements[name].value) || null : null; }
  function say(text, tone) {
    saveBox.textContent = text;
    saveBox.className = "save " + (tone || "");
  }
  function clockNow() {
    const now = new Date();
    return String(now.getHours()).padStart(2, "0") + ":" + String(now.getMinutes()).padStart(2, "0");
  }
  function values() {
    const found = {};
    new FormData(form).forEach(function (value, name) {
      if (typeof value === "string" && name !== "csrfmiddlewaretoken" && fields.indexOf(name) === -1) found[name] = value;
    });
    return found;
  }
  function fill(kept) {
    form.querySelectorAll('input[type="checkbox"]').forEach(function (box) { box.checked = false; });
    Object.entries(kept).forEach(function (pair) {
      const field = form.elements[pair[0]];
      if (!field || fields.indexOf(pair[0]) !== -1) return;
      if (field instanceof RadioNodeList) field.value = pair[1];
      else if (field.type === "radio" || field.type === "checkbox") field.checked = field.value === pair[1];
      else field.value = pair[1];
    });
    form.querySelectorAll("[data-item]").forEach(function (row) {
      // An answer that is not told stands on 合格.
      if (!kept["o-" + row.dataset.item]) row.querySelector('input[value="pass"]').checked = true;
      show(row);
      showAfter(row.dataset.item);
    });
    count();
  }

  /* Writes the draft as the page shows it; writes wait for each other, the last one stands. */
  function keep(changes) {
    Object.assign(draft, changes);
    const record = Object.assign({}, draft);
    writing = writing.then(function () { return Field.putDraft(record); }).catch(function () {
      say("本机存不下了，请先上报或清理手机空间", "t-red");
    });
    return writing;
  }
  function changed() {
    keep({ values: values(), at: Date.now(), dirty: true, state: "draft", problem: "", answer: draft.afterReturn ? null : draft.answer });
    say(clockNow() + " 已存在本机");
    window.clearTimeout(timer);
    timer = window.setTimeout(save, WAIT);
  }
  form.addEventListener("input", function (event) {
    // What is typed before the browser's store has opened is kept as soon as it has.
    if (event.target.type !== "file") ready.then(changed);
  });

  /* --- the office's copy of the draft -------------------------------------------------------------- */

  function bodyOf() {
    const body = new FormData();
    Object.entries(draft.values).forEach(function (pair) { body.append(pair[0], pair[1]); });
    if (draft.round) body.append("round", draft.round);
    if (draft.estate) body.append("estate", draft.estate);
    body.append("user", Field.user.id);
    body.append("base", draft.base || "");
    return body;
  }
  /* Returns true when the office holds what is on the page. */
  async function save() {
    window.clearTimeout(timer);
    while (running) await running;
    if (!draft.dirty || elsewhere || draft.state !== "draft") return !draft.dirty;
    const sent = JSON.stringify(draft.values);
    running = (async function () {
      try {
        const answer = await send.post(form.dataset.draftUrl, bodyOf());
        const told = answer.told;
        if (!answer.ok) {
          if (told.code === "newer") {
            elsewhere = true;
            say("已存在本机。" + told.message, "t-amber");
          } else {
            say(told.message || "没有存到房管中心，本机的都在", "t-red");
          }
          return false;
        }
        const same = JSON.stringify(draft.values) === sent;
        await keep({ base: told.base, dirty: !same });
        Field.forgetLeft(key);
        say(told.saved + " 已存草稿");
        if (told.score && same) scoreBox.textContent = told.score;
        return same;
      } catch (error) {
        return lost(error);
      }
    })();
    const done = await running;
    running = null;
    return done;
  }
  function lost(error) {
    if (error.signedOut) say("登录已过期，填写的内容存在本机，重新登录后接着填", "t-amber");
    else if (error.otherUser) say(error.message, "t-amber");
    else say(clockNow() + " 存在本机，联网后自动再存", "t-amber");
    window.clearTimeout(retry);
    retry = window.setTimeout(again, RETRY);
    return false;
  }
  function again() { save().then(sendPhotos); }
  window.addEventListener("online", again);
  doc.addEventListener("visibilitychange", function () { if (doc.hidden) save(); });

  /* --- photos ------------------------------------------------------------------------------------------ */

  const kept = new Map();  // photos of this browser by key
  let line = Promise.resolve();

  function removeButton(label) {
    const button = doc.createElement("button");
    button.type = "button";
    button.className = "del";
    button.setAttribute("data-remove", "");
    button.setAttribute("aria-label", label);
    button.append(doc.getElementById("icon-x").content.cloneNode(true));
    return button;
  }
  function thumb(photo) {
    const box = doc.createElement("div");
    box.className = "th";
    box.setAttribute("data-thumb", "");
    box.dataset.key = photo.key;
    const link = doc.createElement("a");
    link.dataset.photo = "刚拍的照片";
    const image = doc.createElement("img");
    image.alt = "刚拍的照片";
    image.src = URL.createObjectURL(photo.blob);
    link.href = image.src;
    link.append(image);
    box.append(link, removeButton("删去照片"));
    const list = ths(photo.item, photo.stage);
    list.insertBefore(box, list.querySelector(".cam"));
    showAfter(photo.item);
    words(photo.item);
  }
  function mark(photo, text) {
    const box = form.querySelector('[data-thumb][data-key="' + photo.key + '"]');
    if (!box) return;
    let said = box.querySelector(".said");
    box.classList.toggle("kept", Boolean(text));
    if (!text) { if (said) said.remove(); return; }
    if (!said) {
      said = doc.createElement("span");
      said.className = "said";
      box.append(said);
    }
    said.textContent = text;
  }
  async function sendPhotos() {
    for (const photo of Array.from(kept.values())) {
      if (photo.sent || draft.state !== "draft") continue;
      mark(photo, "正在上传");
      try {
        const answer = await send.sendPhoto(draft, photo);
        if (answer.ok) { mark(photo, ""); continue; }
        await forgetPhoto(photo);
        problem(photo.item, answer.told.message || "照片没有收下，请再拍一次。");
      } catch (error) {
        mark(photo, "存在本机");
        lost(error);
        return;
      }
    }
  }
  function queue() { line = line.then(sendPhotos); }
  async function forgetPhoto(photo) {
    kept.delete(photo.key);
    await Field.dropPhoto(photo.key);
    const box = form.querySelector('[data-thumb][data-key="' + photo.key + '"]');
    if (box) box.remove();
    words(photo.item);
  }
  async function take(file, item, stage) {
    await ready;
    try {
      const photo = await Field.readPhoto(file, Number(form.dataset.maxMb) || 15);
      photo.item = Number(item);
      photo.stage = stage;
      const twice = Array.from(kept.values()).some(function (one) {
        return photo.sha256 && one.sha256 === photo.sha256 && one.item === photo.item && one.stage === stage;
      });
      if (twice) { problem(item, "这张照片已经加过了。"); return; }
      if (ths(item, stage).querySelectorAll("[data-thumb]").length >= 9) { problem(item, "每项最多 9 张照片。"); return; }
      await Field.putPhoto(key, photo);
      kept.set(photo.key, photo);
      thumb(photo);
      mark(photo, "存在本机");
      changed();
    } catch (error) {
      problem(item, error instanceof Field.Refused ? error.message : "照片没有存下，请看看手机还有没有空间。");
    }
  }
  let taking = Promise.resolve();
  form.addEventListener("change", function (event) {
    const input = event.target;
    if (!input.matches("[data-photos-of]")) return;
    const files = Array.prototype.slice.call(input.files);
    input.value = "";
    problem(input.dataset.photosOf, "");
    files.forEach(function (file) {
      taking = taking.then(function () { return take(file, input.dataset.photosOf, input.dataset.stage); });
    });
    taking.then(queue);
  });
  form.addEventListener("click", async function (event) {
    const button = event.target.closest("[data-remove]");
    if (!button) return;
    event.preventDefault();
    const box = button.closest("[data-thumb]");
    const item = box.closest("[data-fix]").dataset.fix;
    const photo = kept.get(box.dataset.key);
    button.disabled = true;
    await line;
    const gone = draft.removed.concat(box.dataset.key);
    if (photo) { kept.delete(photo.key); await Field.dropPhoto(photo.key); }
    box.remove();
    words(item);
    showAfter(item);
    // The office is told with the report, and now if it can be.
    changed();
    await keep({ removed: gone });
    if (button.formAction && button.hasAttribute("formaction")) {
      send.post(button.formAction, new FormData()).catch(function () { /* with the report, then */ });
    }
  });

  /* --- reporting ------------------------------------------------------------------------------------------ */

  function refuse(sentence) {
    const box = form.querySelector("[data-says]");
    box.textContent = "";
    if (!sentence) return;
    const note = doc.createElement("div");
    note.className = "note r flat";
    note.setAttribute("role", "alert");
    const words_ = doc.createElement("b");
    words_.textContent = sentence;
    note.append(words_);
    box.append(note);
  }
  /* What the office would refuse, said before it is asked: there may be no signal. */
  function problems() {
    const found = {};
    form.querySelectorAll("[data-item]").forEach(function (row) {
      const item = row.dataset.item;
      const fix = fixOf(row);
      const failed = outcome(row) === "fail";
      const there = function (stage) { return ths(item, stage).querySelectorAll("[data-thumb]").length; };
      const wanted = wantsPhoto(row);
      if (failed && !fix.querySelector("textarea").value.trim()) found[item] = "请写明问题。";
      else if (wanted && !there("found")) found[item] = "请至少拍 1 张照片。";
      else if (failed && wanted && fix.querySelector("[data-fixed]").checked && !there("fixed")) {
        found[item] = "当场已改正的，请再拍 1 张改正后的照片。";
      }
    });
    return found;
  }
  function showProblems(found, sentence) {
    const codes = [];
    form.querySelectorAll("[data-item]").forEach(function (row) {
      const text = found[row.dataset.item] || "";
      problem(row.dataset.item, text);
      if (text) codes.push(row.dataset.code);
      show(row);
    });
    const listed = codes.slice(0, 5).join("、") + (codes.length > 5 ? "等" : "");
    refuse(sentence || "还有 " + codes.length + " 项没有填好：" + listed + "。内容都已保存，补好后再上报。");
    toFirstWrong();
  }
  function toQueue() { window.location.assign(Field.urls.sending); }

  form.addEventListener("submit", async function (event) {
    if (event.submitter && event.submitter.hasAttribute("data-remove")) return;
    event.preventDefault();
    const button = event.submitter || form.querySelector(".main-act");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      await ready;
      await taking;
      const found = problems();
      if (Object.keys(found).length) { showProblems(found); return; }
      refuse("");
      window.clearTimeout(timer);
      window.clearTimeout(retry);
      await keep({ values: values(), at: Date.now(), doneAt: Date.now(), state: "ready", dirty: true, problem: "" });
      while (running) await running;
      await line;
      if (!navigator.onLine) {
        say("现在没有网络，已存在本机，有网后自动上报", "t-amber");
        if (navigator.serviceWorker && navigator.serviceWorker.controller) toQueue();
        return;
      }
      say("正在上报");
      await send.now();
      draft = (await Field.draft(key)) || draft;
      if (draft.state === "sent" || draft.state === "conflict") {
        window.location.assign(Field.urls.receipt.replace("PK", draft.answer.pk) + "?sent=1");
      } else if (draft.state === "refused") {
        await keep({ state: "draft" });
        say("没有上报，内容都在本机", "t-red");
        if (Object.keys(draft.problems).length) showProblems(draft.problems, draft.problem);
        else refuse(draft.problem);
      } else if (send.status.state !== "sending" && !(navigator.serviceWorker && navigator.serviceWorker.controller)) {
        say(send.status.message || "存在本机，联网后自动上报", "t-amber");
      } else {
        toQueue();
      }
    } finally {
      button.removeAttribute("aria-busy");
    }
  });

  /* --- what this browser has of the draft comes back first --------------------------------------------- */

  async function begin() {
    const old = Field.leftBehind(key);
    let known = await Field.draft(key);
    const returned = form.dataset.status === "returned";
    // Reported from here and returned since: the office's page is the one that goes on.
    const begunAgain = known && returned && ["sent", "conflict"].indexOf(known.state) !== -1;
    if (begunAgain) { await Field.dropDraft(key); known = null; }
    draft = known || Field.fresh({ key: key });
    Object.assign(draft, {
      round: numberOf("round") || draft.round, estate: numberOf("estate") || draft.estate,
      name: form.dataset.name || draft.name, meta: form.dataset.meta || draft.meta, afterReturn: returned || draft.afterReturn,
    });
    if (old && !draft.dirty) {
      Object.assign(draft, { values: old.values, at: old.at, dirty: true });
      await keep({});
      Field.forgetLeft(key);
    }
    if (draft.dirty && Object.keys(draft.values).length) {
      fill(draft.values);
      say("已恢复存在本机的内容", "t-amber");
      if (draft.state === "draft") timer = window.setTimeout(save, WAIT);
    } else {
      draft.base = form.dataset.base || "";
      draft.values = values();
    }
    draft.removed.forEach(function (photoKey) {
      const box = form.querySelector('[data-thumb][data-key="' + photoKey + '"]');
      if (box) box.remove();
    });
    for (const photo of await Field.photos(key)) {
      kept.set(photo.key, photo);
      if (!form.querySelector('[data-thumb][data-key="' + photo.key + '"]')) thumb(photo);
      if (!photo.sent) mark(photo, "存在本机");
    }
    form.querySelectorAll("[data-item]").forEach(function (row) { words(row.dataset.item); });
    if (draft.state === "ready") say("已填完，存在本机，等待上报", "t-amber");
    if (draft.state === "refused") { refuse(draft.problem); showProblems(draft.problems, draft.problem); }
    queue();
    count();
  }
  const token = form.querySelector('[name="csrfmiddlewaretoken"]');
  if (token) send.useToken(token.value);
  const ready = begin();

  /* Another tab writes in the same draft: this one shows it. */
  Field.listen(async function (told, fromOutside) {
    if (!fromOutside || told.draft !== key || String(told.user) !== String(Field.user.id)) return;
    await ready;
    await writing;
    const other = await Field.draft(key);
    if (!other) return;
    if (other.state === "sent") {
      draft = other;
      window.location.assign(Field.urls.receipt.replace("PK", other.answer.pk));
      return;
    }
    if (other.at <= draft.at && other.base === draft.base && other.state === draft.state) return;
    draft = other;
    fill(draft.values);
    for (const photo of await Field.photos(key)) {
      if (!kept.has(photo.key)) { kept.set(photo.key, photo); thumb(photo); }
    }
    say(draft.dirty ? "已存在本机（另一个窗口填写）" : "已存草稿（另一个窗口填写）");
  });
  }

  window.InspectionForm = { start: start };
  const page = doc.getElementById("entry");
  if (page) start(page);
})();
