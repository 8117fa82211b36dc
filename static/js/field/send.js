/* Sending: one inspection after the other, its content first, then each photo under its own key.

   What the office already has is not sent again: it says which keys it lacks. A line that breaks
   is tried again by itself, later and later, and at once when the browser says that it is back. */
(function () {
  "use strict";
  if (!window.Field) return;
  const WAITS = [5, 15, 30, 60, 120];
  const LOCK = "xy-field-send";
  /* Answers that no repetition mends: the draft waits for its person. */
  const FINAL = [404, 409, 413, 422];

  function Broken() { this.broken = true; }
  function SignedOut() { this.signedOut = true; }
  function OtherUser(sentence) { this.otherUser = true; this.message = sentence; }

  const status = { state: "idle", key: "", done: 0, total: 0, bytesDone: 0, bytesTotal: 0, message: "" };
  let csrf = "";
  let waits = 0;
  let timer = 0;
  let running = null;

  function show(changes) {
    Object.assign(status, changes);
    document.dispatchEvent(new CustomEvent("field:sending"));
  }
  function address(name, key) { return Field.urls[name].replace("KEY", key); }

  /* --- one request -------------------------------------------------------------------------- */

  async function ask(url, options) {
    let answer;
    try {
      answer = await fetch(url, Object.assign({ credentials: "same-origin", redirect: "manual", cache: "no-store" }, options, {
        headers: Object.assign({ Accept: "application/json", "X-Requested-With": "fetch" }, (options || {}).headers),
      }));
    } catch (error) { throw new Broken(); }
    if (answer.type === "opaqueredirect" || answer.status === 401) throw new SignedOut();
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) throw new Broken();
    let told = null;
    try { told = await answer.json(); } catch (error) {
      if (answer.ok) throw new Broken();  // cut off in the middle of the answer
    }
    return { status: answer.status, ok: answer.ok, told: told || {} };
  }
  /* Who is signed in, and a token for what follows. */
  async function session() {
    const answer = await ask(Field.urls.session);
    if (answer.status === 403) throw new SignedOut();
    if (!answer.ok) throw new Broken();
    if (String(answer.told.user) !== String(Field.user.id)) {
      throw new OtherUser("现在登录的是另一个账号。本机的检查请用" + (Field.user.name || "原来的账号") + "登录后上报。");
    }
    csrf = answer.told.csrf;
  }
  async function post(url, body, headers) {
    if (!csrf) await session();
    const send = function () {
      return ask(url, { method: "POST", body: body, headers: Object.assign({ "X-CSRFToken": csrf }, headers) });
    };
    let answer = await send();
    if (answer.status === 403 && answer.told.code !== "other_user") {
      await session();  // the token has gone with the last sign-in, or the session itself
      answer = await send();
    }
    if (answer.status === 403 && answer.told.code === "other_user") throw new OtherUser(answer.told.message);
    return answer;
  }

  /* --- one draft --------------------------------------------------------------------------------- */

  function photoBody(draft, photo) {
    const body = new FormData();
    body.append("user", Field.user.id);
    if (draft.round) body.append("round", draft.round);
    if (draft.estate) body.append("estate", draft.estate);
    body.append("item", photo.item);
    body.append("stage", photo.stage);
    body.append("photo_key", photo.key);
    ["sha256", "taken_at", "latitude", "longitude"].forEach(function (name) { body.append(name, photo[name] || ""); });
    body.append("photo", photo.blob, photo.name || "photo.jpg");
    return body;
  }
  /* Sends one photo; returns the answer. */
  async function sendPhoto(draft, photo) {
    const answer = await post(address("photo", draft.key), photoBody(draft, photo));
    if (answer.ok) {
      photo.sent = true;
      photo.problem = "";
      await Field.putPhoto(draft.key, photo);
    } else if (answer.told.code === "broken") {
      throw new Broken();
    } else {
      photo.problem = answer.told.message || "没有收下";
      await Field.putPhoto(draft.key, photo);
    }
    return answer;
  }
  function contentOf(draft, photos) {
    return JSON.stringify({
      format: Field.FORMAT, user: Field.user.id, round: draft.round, estate: draft.estate,
      values: draft.values, removed: draft.removed, base: draft.base || "", after_return: draft.afterReturn,
      photos: photos.map(function (photo) {
        return { key: photo.key, item: photo.item, stage: photo.stage, sha256: photo.sha256 };
      }),
    });
  }
  async function reportContent(draft, photos) {
    const answer = await post(address("sync", draft.key), contentOf(draft, photos), { "Content-Type": "application/json" });
    const told = answer.told;
    if (answer.ok || told.code === "conflict") {
      return Field.changeDraft(draft.key, function (kept) {
        kept.answer = told;
        kept.conflict = told.code === "conflict";
        kept.problem = kept.conflict ? told.message : "";
        kept.problems = {};
      });
    }
    if (FINAL.indexOf(answer.status) === -1 && answer.status !== 403) throw new Broken();
    await Field.changeDraft(draft.key, function (kept) {
      kept.state = "refused";
      kept.problem = told.message || "没有这次检查，或已不在你可查的范围内。";
      kept.problems = told.problems || {};
    });
    return null;
  }
  /* Sends a draft whole; returns it as it then stands. Throws when the line breaks. */
  async function sendDraft(draft) {
    const photos = await Field.photos(draft.key);
    const sum = function (list) { return list.reduce(function (n, photo) { return n + photo.blob.size; }, 0); };
    show({ state: "sending", key: draft.key, done: 0, total: photos.length, bytesDone: 0, bytesTotal: sum(photos) });
    let missing = null;
    if (draft.answer && draft.answer.number && !draft.conflict) {
      // The content is there since an earlier try: ask what is still wanted.
      const known = await ask(address("status", draft.key));
      if (known.ok && known.told.number && known.told.status !== "returned") missing = known.told.missing;
    }
    if (missing === null) {
      const reported = await reportContent(draft, photos);
      if (!reported) return Field.draft(draft.key);
      draft = reported;
      missing = draft.answer.missing;
    }
    const wanted = photos.filter(function (photo) { return missing.indexOf(photo.key) !== -1; });
    const there = photos.filter(function (photo) { return wanted.indexOf(photo) === -1; });
    show({ done: there.length, bytesDone: sum(there) });
    let refused = "";
    for (const photo of wanted) {
      const answer = await sendPhoto(draft, photo);
      if (!answer.ok) refused = photo.problem;
      show({ done: status.done + 1, bytesDone: status.bytesDone + photo.blob.size });
    }
    return settle(draft, photos, refused);
  }
  /* The office has said that it has everything, with the same SHA-256: only then the photos go. */
  async function settle(draft, photos, refused) {
    const answer = await ask(address("status", draft.key));
    if (!answer.ok) throw new Broken();
    const told = answer.told;
    const damaged = photos.filter(function (photo) {
      const has = told.have && told.have[photo.key];
      return has && photo.sha256 && has !== photo.sha256;
    });
    const waiting = draft.conflict ? [] : (told.missing || []).filter(function (key) {
      return photos.some(function (photo) { return photo.key === key; });
    });
    if (!refused && (waiting.length || damaged.length)) throw new Broken();
    if (!refused && !draft.conflict) await Field.dropPhotos(draft.key);
    return Field.changeDraft(draft.key, function (kept) {
      kept.answer = Object.assign({}, kept.answer, told);
      kept.photoTotal = photos.length;
      kept.state = refused ? "refused" : kept.conflict ? "conflict" : "sent";
      if (refused) kept.problem = refused + "其余内容都已上报。";
      kept.dirty = false;
      kept.sentAt = Date.now();
    });
  }

  /* --- the queue ------------------------------------------------------------------------------------ */

  function locked(act) {
    if (!navigator.locks) return act();
    return navigator.locks.request(LOCK + "-" + Field.user.id, { ifAvailable: true }, function (lock) {
      return lock ? act() : null;  // another tab is at it; it tells what becomes of it
    });
  }
  async function waitingDrafts() {
    return (await Field.drafts()).filter(function (draft) { return draft.state === "ready"; });
  }
  async function work() {
    let draft = (await waitingDrafts())[0];
    if (!draft) { show({ state: "idle", key: "", message: "" }); return; }
    show({ state: "sending", message: "" });
    await session();
    const stuck = [];
    while (draft) {
      try {
        await sendDraft(draft);
        waits = 0;
      } catch (error) {
        if (!error.broken) throw error;
        // One that gets stuck does not hold up the others, if there is a line at all.
        stuck.push(draft.key);
        await session();
      }
      draft = (await waitingDrafts()).find(function (one) { return stuck.indexOf(one.key) === -1; });
    }
    if (stuck.length) throw new Broken();
    show({ state: "idle", key: "" });
  }
  function failed(error) {
    if (error.signedOut) {
      csrf = "";
      show({ state: "signedOut", key: "", message: "登录已过期。输入密码后接着上报，本机的检查都还在。" });
    } else if (error.otherUser) {
      show({ state: "otherUser", key: "", message: error.message });
    } else if (error.broken) {
      const wait = WAITS[Math.min(waits, WAITS.length - 1)];
      waits += 1;
      window.clearTimeout(timer);
      timer = window.setTimeout(run, wait * 1000);
      show({ state: "waiting", key: "", message: navigator.onLine ? "线路断了，" + wait + " 秒后自动再传。" : "现在没有网络，有网后自动上报。" });
    } else {
      show({ state: "waiting", key: "", message: "本机存储读不出来，请先另存为文件，再刷新页面。" });
      throw error;
    }
  }
  /* Sends what waits. Called as often as anybody likes: one run at a time, over all tabs. */
  function run() {
    if (!Field.usable) return Promise.resolve();
    if (running) return running;
    window.clearTimeout(timer);
    running = Promise.resolve(locked(work)).catch(failed).then(function () { running = null; });
    return running;
  }
  function now() { waits = 0; return run(); }

  window.addEventListener("online", now);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) run(); });

  Field.sender = {
    run: run, now: now, status: status, post: post, ask: ask, sendPhoto: sendPhoto, address: address,
    useToken: function (token) { csrf = token || csrf; },
  };
})();
