/* What field work keeps in this browser: drafts and their photos, the day's work, receipts.

   Everything lies under the id of the person who is signed in; another person of the same phone
   neither sees nor sends it. Signing out hides the queue and keeps it. Records carry the format in
   which they were written (FORMAT), so that a later version of the portal still sends them. */
(function () {
  "use strict";
  const NAME = "xy-field";
  const SHAPE = 1;
  /* 1: a copy in localStorage, {at, values}, by draft. 2: records of this database. */
  const FORMAT = 2;
  const OLD = "xy-entry:";
  const WHO = "xy-field-user";
  const DAY = 86400000;

  const box = document.getElementById("field-urls");
  const urls = box ? JSON.parse(box.textContent) : {};

  function remember() {
    const told = document.querySelector("[data-user]");
    try {
      if (told) localStorage.setItem(WHO, JSON.stringify({ id: told.dataset.user, name: told.dataset.userName }));
      return JSON.parse(localStorage.getItem(WHO) || "null");
    } catch (error) {
      return told ? { id: told.dataset.user, name: told.dataset.userName } : null;
    }
  }
  const user = remember();

  /* --- the database ------------------------------------------------------------------------ */

  let opened = null;
  function open() {
    if (opened) return opened;
    opened = new Promise(function (resolve, reject) {
      const request = indexedDB.open(NAME, SHAPE);
      request.onupgradeneeded = function () {
        const db = request.result;
        db.createObjectStore("drafts", { keyPath: "id" }).createIndex("user", "user");
        db.createObjectStore("photos", { keyPath: "key" }).createIndex("draft", "draft");
        db.createObjectStore("work", { keyPath: "user" });
      };
      request.onsuccess = function () {
        const db = request.result;
        // Another tab runs a newer version: let it change the shape, and open anew.
        db.onversionchange = function () { db.close(); opened = null; };
        resolve(db);
      };
      request.onerror = function () { opened = null; reject(request.error); };
    });
    return opened;
  }
  /* Runs `act` on the stores in one transaction; resolves once it is on the disk. */
  async function within(stores, mode, act) {
    const db = await open();
    return new Promise(function (resolve, reject) {
      const transaction = db.transaction(stores, mode);
      const request = act(transaction);
      transaction.oncomplete = function () { resolve(request && "result" in request ? request.result : undefined); };
      transaction.onabort = transaction.onerror = function () { reject(transaction.error); };
    });
  }
  function idOf(key) { return user.id + "/" + key; }

  /* --- older formats ------------------------------------------------------------------------ */

  /* Returns a draft of an older format as today's. */
  function migrate(draft) {
    if (draft.format >= FORMAT) return draft;
    const values = Object.assign({}, draft.values);
    const round = Number(values.round) || null;
    const estate = Number(values.estate) || null;
    delete values.round;
    delete values.estate;
    return fresh({
      key: draft.key, round: round, estate: estate, values: values, at: draft.at, dirty: true,
      state: draft.state || "draft", doneAt: draft.doneAt || null, name: draft.name, meta: draft.meta,
    });
  }
  function fresh(given) {
    return Object.assign({
      format: FORMAT, round: null, estate: null, name: "", meta: "", values: {}, base: "",
      state: "draft", at: Date.now(), doneAt: null, removed: [], afterReturn: false, dirty: false,
      answer: null, problem: "", problems: {},
    }, given, { format: FORMAT, id: idOf(given.key), user: user.id });
  }
  /* The copy that the version before this one left behind for the draft that is open. */
  function leftBehind(key) {
    try {
      const kept = JSON.parse(localStorage.getItem(OLD + key) || "null");
      return kept && kept.values ? migrate({ format: 1, key: key, at: kept.at, values: kept.values }) : null;
    } catch (error) { return null; }
  }
  function forgetLeft(key) {
    try { localStorage.removeItem(OLD + key); } catch (error) { /* no storage: nothing was left */ }
  }

  /* --- drafts, photos, work ------------------------------------------------------------------ */

  async function draft(key) {
    if (!user) return null;
    const found = await within("drafts", "readonly", function (t) { return t.objectStore("drafts").get(idOf(key)); });
    return found ? migrate(found) : null;
  }
  async function drafts() {
    if (!user) return [];
    const found = await within("drafts", "readonly", function (t) {
      return t.objectStore("drafts").index("user").getAll(user.id);
    });
    return found.map(migrate).sort(function (a, b) { return (a.doneAt || a.at) - (b.doneAt || b.at); });
  }
  async function putDraft(record, quiet) {
    await within("drafts", "readwrite", function (t) { t.objectStore("drafts").put(record); });
    if (!quiet) tell({ draft: record.key });
  }
  /* Changes a draft as it stands now, in one transaction: of two tabs none undoes the other. */
  async function changeDraft(key, change) {
    let changed = null;
    await within("drafts", "readwrite", function (t) {
      const store = t.objectStore("drafts");
      const request = store.get(idOf(key));
      request.onsuccess = function () {
        if (!request.result) return;
        changed = migrate(request.result);
        change(changed);
        store.put(changed);
      };
    });
    tell({ draft: key });
    return changed;
  }
  async function dropDraft(key) {
    await within(["drafts", "photos"], "readwrite", function (t) {
      t.objectStore("drafts").delete(idOf(key));
      erasePhotos(t, key);
    });
    tell({ draft: key });
  }
  function erasePhotos(t, key) {
    const store = t.objectStore("photos");
    const request = store.index("draft").getAllKeys(idOf(key));
    request.onsuccess = function () { request.result.forEach(function (one) { store.delete(one); }); };
  }
  async function dropPhotos(key) {
    await within("photos", "readwrite", function (t) { erasePhotos(t, key); });
  }
  async function photos(key) {
    if (!user) return [];
    return within("photos", "readonly", function (t) {
      return t.objectStore("photos").index("draft").getAll(idOf(key));
    });
  }
  async function putPhoto(key, photo) {
    photo.draft = idOf(key);
    photo.user = user.id;
    await within("photos", "readwrite", function (t) { t.objectStore("photos").put(photo); });
  }
  async function dropPhoto(photoKey) {
    await within("photos", "readwrite", function (t) { t.objectStore("photos").delete(photoKey); });
  }
  async function work() {
    if (!user) return null;
    return within("work", "readonly", function (t) { return t.objectStore("work").get(user.id); });
  }
  async function putWork(told) {
    await within("work", "readwrite", function (t) {
      t.objectStore("work").put({ user: user.id, at: Date.now(), told: told });
    });
  }
  /* Receipts are kept for a week. */
  async function tidy() {
    for (const one of await drafts()) {
      if (one.state === "sent" && Date.now() - (one.sentAt || one.at) > 7 * DAY) await dropDraft(one.key);
    }
  }

  /* --- the queue as a file --------------------------------------------------------------------- */

  function toBase64(blob) {
    return new Promise(function (resolve, reject) {
      const reader = new FileReader();
      reader.onload = function () { resolve(String(reader.result).split(",")[1] || ""); };
      reader.onerror = function () { reject(reader.error); };
      reader.readAsDataURL(blob);
    });
  }
  async function asFile() {
    const told = { kind: NAME, format: FORMAT, user: user, at: new Date().toISOString(), drafts: [], photos: [] };
    for (const one of await drafts()) {
      if (one.state === "sent") continue;
      told.drafts.push(one);
      for (const photo of await photos(one.key)) {
        const copy = Object.assign({}, photo, { data: await toBase64(photo.blob), type: photo.blob.type });
        delete copy.blob;
        copy.of = one.key;
        told.photos.push(copy);
      }
    }
    return new Blob([JSON.stringify(told)], { type: "application/json" });
  }
  function Refused(sentence) { this.message = sentence; }
  /* Takes a saved queue in; what is here already, or was sent, stays as it is. Returns how many. */
  async function fromFile(text) {
    let told = null;
    try { told = JSON.parse(text); } catch (error) { /* told below */ }
    if (!told || told.kind !== NAME || !Array.isArray(told.drafts)) {
      throw new Refused("这不是“另存为文件”得到的文件，请重新选择。");
    }
    if (told.format > FORMAT) throw new Refused("文件是更新的版本存的，请刷新页面后再选。");
    if (!told.user || String(told.user.id) !== String(user.id)) {
      throw new Refused("这个文件是" + ((told.user && told.user.name) || "另一个账号") + "存的，请用那个账号登录后上报。");
    }
    let number = 0;
    for (const one of told.drafts) {
      if (!one || !one.key || !one.values) continue;
      const known = await draft(one.key);
      if (known && (known.state !== "draft" || known.at >= one.at)) continue;
      const taken = fresh(migrate(Object.assign({}, one, { user: user.id })));
      if (taken.state === "refused") taken.state = "ready";
      for (const photo of told.photos || []) {
        if (photo.of !== one.key || typeof photo.data !== "string") continue;
        const bytes = Uint8Array.from(atob(photo.data), function (c) { return c.charCodeAt(0); });
        const kept = Object.assign({}, photo, { blob: new Blob([bytes], { type: photo.type || "image/jpeg" }) });
        delete kept.data;
        delete kept.of;
        await putPhoto(one.key, kept);
      }
      await putDraft(taken);
      number += 1;
    }
    return number;
  }

  /* --- between tabs ---------------------------------------------------------------------------- */

  const listeners = [];
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(NAME) : null;
  if (channel) {
    channel.onmessage = function (event) { listeners.forEach(function (fn) { fn(event.data, true); }); };
  }
  function tell(message) {
    const told = Object.assign({ user: user && user.id }, message);
    if (channel) channel.postMessage(told);
    listeners.forEach(function (fn) { fn(told, false); });
  }

  function newKey() {
    if (window.crypto && crypto.randomUUID) return crypto.randomUUID();
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64;
    b[8] = (b[8] & 63) | 128;
    const hex = Array.prototype.map.call(b, function (x) { return x.toString(16).padStart(2, "0"); }).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }

  window.Field = {
    urls: urls, user: user, FORMAT: FORMAT, Refused: Refused,
    usable: Boolean(user && window.indexedDB),
    open: open, fresh: fresh, migrate: migrate, leftBehind: leftBehind, forgetLeft: forgetLeft,
    draft: draft, drafts: drafts, putDraft: putDraft, changeDraft: changeDraft, dropDraft: dropDraft,
    photos: photos, putPhoto: putPhoto, dropPhoto: dropPhoto, dropPhotos: dropPhotos,
    work: work, putWork: putWork, tidy: tidy, asFile: asFile, fromFile: fromFile,
    tell: tell, listen: function (fn) { listeners.push(fn); }, newKey: newKey,
  };
})();
