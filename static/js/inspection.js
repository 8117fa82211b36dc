/* The inspection form: opens what failed, counts the score, saves at every change, sends each photo
   as it is taken. What could not be sent stays in this browser and is sent later. Without this
   script the page is one plain form. */
(function () {
  "use strict";
  const doc = document;
  const STORE = "xy-entry:";
  const WAIT = 800;
  const RETRY = 15000;

  function kept(key) {
    try { return JSON.parse(localStorage.getItem(STORE + key) || "null"); } catch (error) { return null; }
  }
  function keep(key, value) {
    try { localStorage.setItem(STORE + key, JSON.stringify(value)); return true; } catch (error) { return false; }
  }
  function forget(key) {
    try { localStorage.removeItem(STORE + key); } catch (error) { /* a browser without storage */ }
  }

  const received = doc.querySelector("[data-forget]");
  if (received) forget(received.dataset.forget);

  const form = doc.getElementById("entry");
  if (!form) return;
  const scoreBox = form.querySelector("[data-score]");
  const saveBox = form.querySelector("[data-save]");
  const live = "entry" in form.dataset;

  /* --- what the answers mean ------------------------------------------------------------- */

  function outcome(row) {
    const chosen = row.querySelector('input[type="radio"]:checked');
    return chosen ? chosen.value : "pass";
  }
  function fixOf(row) { return form.querySelector('[data-fix="' + row.dataset.item + '"]'); }
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

  function show(row) {
    const failed = outcome(row) === "fail";
    const fix = fixOf(row);
    const wrong = !fix.querySelector("[data-problem]").hidden && failed;
    row.classList.toggle("bad", failed);
    fix.hidden = !failed && !wrong;
  }
  function group(row) {
    const box = row.closest("[data-group]");
    const failed = Array.prototype.filter.call(box.querySelectorAll("[data-item]"), function (r) {
      return outcome(r) === "fail";
    }).length;
    const said = box.querySelector("[data-group-state]");
    said.textContent = failed ? failed + " 项不合格" : "全部合格";
    said.parentElement.className = failed ? "t-red" : "t-green";
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
      group(row);
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
      changed();
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

  const firstWrong = form.querySelector("[data-problem]:not([hidden])");
  if (firstWrong) {
    firstWrong.closest("[data-group]").open = true;
    rowOf(firstWrong).scrollIntoView({ block: "center" });
  }
  if (!live) { count(); return; }

  /* --- saving ----------------------------------------------------------------------------- */

  const key = form.dataset.key;
  const token = form.querySelector('[name="csrfmiddlewaretoken"]').value;
  let timer = 0;
  let retry = 0;
  let running = null;
  let dirty = false;

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
      if (typeof value === "string" && name !== "csrfmiddlewaretoken") found[name] = value;
    });
    return found;
  }
  function bodyOf() {
    const body = new FormData();
    Object.entries(values()).forEach(function (pair) { body.append(pair[0], pair[1]); });
    return body;
  }
  function send(url, body) {
    return fetch(url, {
      method: "POST", body: body, credentials: "same-origin", redirect: "manual",
      headers: { "X-CSRFToken": token, "X-Requested-With": "fetch", Accept: "application/json" },
    });
  }

  /* Returns true when the office holds what is on the page. */
  async function save() {
    window.clearTimeout(timer);
    while (running) await running;
    if (!dirty) return true;
    dirty = false;
    const sent = JSON.stringify(values());
    running = (async function () {
      say("正在保存");
      try {
        const answer = await send(form.dataset.draftUrl, bodyOf());
        if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
          return lost("登录已过期，填写的内容存在本机，重新登录后接着填");
        }
        const told = await answer.json();
        if (!answer.ok) {
          dirty = true;
          say(told.message, "t-red");
          return false;
        }
        say(told.saved + " 已存草稿");
        if (told.score) scoreBox.textContent = told.score;
        if (JSON.stringify(values()) === sent) forget(key);
        return true;
      } catch (error) {
        return lost(clockNow() + " 存在本机，联网后自动再存");
      }
    })();
    const done = await running;
    running = null;
    return done;
  }
  function lost(text) {
    dirty = true;
    say(text, "t-amber");
    window.clearTimeout(retry);
    retry = window.setTimeout(save, RETRY);
    return false;
  }
  function changed() {
    dirty = true;
    keep(key, { at: Date.now(), values: values() });
    window.clearTimeout(timer);
    timer = window.setTimeout(save, WAIT);
  }
  form.addEventListener("input", function (event) {
    if (event.target.type !== "file") changed();
  });
  window.addEventListener("online", save);
  doc.addEventListener("visibilitychange", function () { if (doc.hidden) save(); });

  /* What stayed in this browser because it could not be sent comes back first. */
  const copy = kept(key);
  if (copy && copy.values) {
    Object.entries(copy.values).forEach(function (pair) {
      const field = form.elements[pair[0]];
      if (!field || pair[0] === "round" || pair[0] === "estate") return;
      if (field instanceof RadioNodeList) field.value = pair[1];
      else if (field.type === "radio") field.checked = field.value === pair[1];
      else field.value = pair[1];
    });
    form.querySelectorAll("[data-item]").forEach(function (row) { show(row); group(row); });
    say("已恢复存在本机的内容", "t-amber");
    dirty = true;
    timer = window.setTimeout(save, WAIT);
  }
  count();

  /* --- photos ----------------------------------------------------------------------------- */

  const pending = new Set();
  function newKey() {
    if (window.crypto && crypto.randomUUID) return crypto.randomUUID();
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64;
    b[8] = (b[8] & 63) | 128;
    const hex = Array.prototype.map.call(b, function (x) { return x.toString(16).padStart(2, "0"); }).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }
  function words(item) {
    const fix = form.querySelector('[data-fix="' + item + '"]');
    const box = fix.querySelector("[data-photo-words]");
    const number = fix.querySelectorAll("[data-thumb]").length;
    box.textContent = box.dataset.wanted + (number ? "，已拍 " + number + " 张" : "");
  }
  function removeButton(label) {
    const button = doc.createElement("button");
    button.type = "button";
    button.className = "del";
    button.setAttribute("data-remove", "");
    button.setAttribute("aria-label", label);
    button.append(doc.getElementById("icon-x").content.cloneNode(true));
    return button;
  }
  function thumb(item, file) {
    const box = doc.createElement("div");
    box.className = "th busy";
    box.setAttribute("data-thumb", "");
    const link = doc.createElement("a");
    link.dataset.photo = "刚拍的照片";
    const image = doc.createElement("img");
    image.alt = "刚拍的照片";
    image.src = URL.createObjectURL(file);
    link.href = image.src;
    link.append(image);
    const said = doc.createElement("span");
    said.className = "said";
    said.textContent = "正在上传";
    box.append(link, said);
    const list = form.querySelector('[data-fix="' + item + '"] .ths');
    list.insertBefore(box, list.querySelector(".cam"));
    return box;
  }
  async function upload(photo) {
    const said = photo.box.querySelector(".said");
    photo.box.className = "th busy";
    if (said.tagName === "BUTTON") said.replaceWith(makeSaid("正在上传"));
    const body = new FormData();
    ["round", "estate"].forEach(function (name) {
      if (form.elements[name]) body.append(name, form.elements[name].value);
    });
    body.append("item", photo.item);
    body.append("photo_key", photo.key);
    body.append("photo", photo.file, photo.file.name || "photo.jpg");
    try {
      const answer = await send(form.dataset.photoUrl, body);
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        throw new Error("signed out");
      }
      const told = await answer.json();
      if (!answer.ok) {
        pending.delete(photo);
        photo.box.remove();
        problem(photo.item, told.message);
        words(photo.item);
        return false;
      }
      pending.delete(photo);
      photo.box.className = "th";
      photo.box.querySelector(".said").remove();
      const link = photo.box.querySelector("a");
      const old = link.href;
      link.href = told.full;
      link.querySelector("img").src = told.thumbnail;
      URL.revokeObjectURL(old);
      const button = removeButton("删去照片");
      button.dataset.url = told.remove;
      photo.box.append(button);
      return true;
    } catch (error) {
      photo.box.className = "th lost";
      const again = doc.createElement("button");
      again.type = "button";
      again.className = "said";
      again.textContent = "没传上，再传";
      again.addEventListener("click", function () { upload(photo); });
      photo.box.querySelector(".said").replaceWith(again);
      say("有照片没传上，联网后点“再传”", "t-amber");
      return false;
    }
  }
  function makeSaid(text) {
    const said = doc.createElement("span");
    said.className = "said";
    said.textContent = text;
    return said;
  }
  form.addEventListener("change", function (event) {
    const input = event.target;
    if (!input.matches("[data-photos-of]")) return;
    const item = input.dataset.photosOf;
    const most = Number(form.dataset.maxMb);
    const files = Array.prototype.slice.call(input.files);
    input.value = "";
    problem(item, "");
    files.forEach(function (file) {
      if (file.size > most * 1048576) {
        problem(item, "“" + file.name + "”超过 " + most + " MB，请换小一些的照片。");
        return;
      }
      const photo = { item: item, file: file, key: newKey(), box: thumb(item, file) };
      pending.add(photo);
      words(item);
      queue(photo);
    });
  });
  let line = Promise.resolve();
  function queue(photo) { line = line.then(function () { return upload(photo); }); }

  form.addEventListener("click", async function (event) {
    const button = event.target.closest("[data-remove]");
    if (!button) return;
    event.preventDefault();
    const box = button.closest("[data-thumb]");
    const item = box.closest("[data-fix]").dataset.fix;
    button.disabled = true;
    try {
      const answer = await send(button.dataset.url || button.formAction, new FormData());
      if (!answer.ok) throw new Error(String(answer.status));
      box.remove();
      words(item);
    } catch (error) {
      button.disabled = false;
      problem(item, "照片没有删掉，请检查网络后再点一次。");
    }
  });

  /* --- reporting --------------------------------------------------------------------------- */

  let ready = false;
  form.addEventListener("submit", async function (event) {
    if (ready || (event.submitter && event.submitter.hasAttribute("data-remove"))) return;
    event.preventDefault();
    const button = event.submitter || form.querySelector(".main-act");
    button.setAttribute("aria-busy", "true");
    if (!navigator.onLine) {
      keep(key, { at: Date.now(), values: values() });
      say("现在没有网络，已存在本机，联网后再上报", "t-amber");
      button.removeAttribute("aria-busy");
      return;
    }
    // A form ignores requestSubmit() until the event at hand is over, microtasks included.
    await new Promise(function (resume) { window.setTimeout(resume, 0); });
    await line;
    for (const photo of Array.from(pending)) await upload(photo);
    const saved = pending.size === 0 && await save();
    button.removeAttribute("aria-busy");
    if (!saved) {
      if (pending.size) say("还有 " + pending.size + " 张照片没传上，联网后再上报", "t-amber");
      return;
    }
    ready = true;
    form.requestSubmit(button);
    window.setTimeout(function () { ready = false; }, 3000);
  });
})();
