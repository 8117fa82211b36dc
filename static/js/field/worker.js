/* The service worker of field work. It keeps the frame and its scripts, nothing of any person:
   pages with data come from the office or, without a signal, are drawn from this browser's store.
   `FIELD` stands before this text: version, assets, shell, hashed. */
(function () {
  "use strict";
  const KEPT = "xy-field-";
  const NAME = KEPT + FIELD.version;
  const PATIENCE = 8000;
  const PAGES = /^\/inspections\/(mine|sending|entry\/[0-9a-f-]{36}|\d+\/receipt)\/$/;

  async function keep() {
    const cache = await caches.open(NAME);
    await Promise.all(FIELD.assets.concat(FIELD.shell).map(async function (url) {
      // Without cookies: what is kept is the same for everybody.
      const answer = await fetch(url, { cache: "reload", credentials: "omit" });
      if (!answer.ok) throw new Error(url + " " + answer.status);
      await cache.put(url, answer);
    }));
  }
  self.addEventListener("install", function (event) {
    event.waitUntil(keep().then(function () { return self.skipWaiting(); }));
  });
  self.addEventListener("activate", function (event) {
    event.waitUntil((async function () {
      for (const name of await caches.keys()) {
        if (name.startsWith(KEPT) && name !== NAME) await caches.delete(name);
      }
      await self.clients.claim();
    })());
  });
  self.addEventListener("message", function (event) {
    if (event.data === "claim") event.waitUntil(self.clients.claim());
  });

  function inTime(promise) {
    return new Promise(function (resolve, reject) {
      setTimeout(function () { reject(new Error("late")); }, PATIENCE);
      promise.then(resolve, reject);
    });
  }
  async function kept(url) { return (await caches.open(NAME)).match(url); }

  async function page(request) {
    try {
      const answer = await inTime(fetch(request));
      if (answer.status < 502 || answer.status > 504) return answer;
    } catch (error) { /* no signal, or too little of it */ }
    return (await kept(FIELD.shell)) || Response.error();
  }
  async function asset(request, path) {
    // A name that carries its digest never means another file. Others are asked for first.
    if (FIELD.hashed) return (await kept(path)) || fetch(request);
    try { return await fetch(request); } catch (error) { return (await kept(path)) || Response.error(); }
  }
  self.addEventListener("fetch", function (event) {
    const request = event.request;
    const url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== self.location.origin) return;
    if (request.mode === "navigate") {
      if (PAGES.test(url.pathname)) event.respondWith(page(request));
    } else if (FIELD.assets.indexOf(url.pathname) !== -1) {
      event.respondWith(asset(request, url.pathname));
    }
  });
})();
