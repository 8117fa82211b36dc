/* Boxes drawn on a photo with mouse or finger. The numbers beside it are what is sent; without
   this script they are typed. */
(function () {
  "use strict";

  const form = document.querySelector("[data-redact]");
  if (!form) return;
  const stage = form.querySelector("[data-stage]");
  const image = stage.querySelector("img");
  const table = form.querySelector(".redact-lines tbody");
  const NAMES = ["x", "y", "w", "h"];
  const LEAST = 5;

  function inputs(row) {
    return NAMES.map(function (name) { return row.querySelector('input[name="' + name + '"]'); });
  }
  function values(row) {
    const read = inputs(row).map(function (input) { return input.value.trim(); });
    if (read.some(function (text) { return !/^\d{1,4}$/.test(text); })) return null;
    return read.map(Number);
  }
  function write(row, box) {
    inputs(row).forEach(function (input, place) { input.value = box ? String(box[place]) : ""; });
  }
  function freeRow() {
    const rows = Array.prototype.slice.call(table.rows);
    const free = rows.find(function (row) {
      return inputs(row).every(function (input) { return input.value.trim() === ""; });
    });
    if (free) return free;
    const last = rows[rows.length - 1];
    const row = last.cloneNode(true);
    const number = rows.length + 1;
    row.querySelector("th").textContent = String(number);
    inputs(row).forEach(function (input) {
      input.value = "";
      input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+/, String(number)));
    });
    table.append(row);
    return row;
  }

  function place(element, box) {
    element.style.left = box[0] / 10 + "%";
    element.style.top = box[1] / 10 + "%";
    element.style.width = box[2] / 10 + "%";
    element.style.height = box[3] / 10 + "%";
  }
  function draw() {
    stage.querySelectorAll(".redact-box").forEach(function (box) { box.remove(); });
    Array.prototype.forEach.call(table.rows, function (row, at) {
      const box = values(row);
      if (!box) return;
      const shown = document.createElement("div");
      shown.className = "redact-box";
      place(shown, box);
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", "删去第 " + (at + 1) + " 个框");
      remove.addEventListener("click", function () {
        write(row, null);
        draw();
        inputs(row)[0].focus();
      });
      shown.append(remove);
      stage.append(shown);
    });
  }

  /* A point of the pointer in per mille of the picture, held inside it. */
  function point(event) {
    const area = image.getBoundingClientRect();
    function part(value, from, whole) {
      return Math.max(0, Math.min(1000, Math.round((value - from) / whole * 1000)));
    }
    return [part(event.clientX, area.left, area.width), part(event.clientY, area.top, area.height)];
  }
  function between(one, two) {
    return [
      Math.min(one[0], two[0]), Math.min(one[1], two[1]),
      Math.abs(one[0] - two[0]), Math.abs(one[1] - two[1]),
    ];
  }

  let start = null;
  let growing = null;
  stage.addEventListener("pointerdown", function (event) {
    if (event.target.closest("button") || event.button) return;
    event.preventDefault();
    start = point(event);
    growing = document.createElement("div");
    growing.className = "redact-box";
    stage.append(growing);
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", function (event) {
    if (start) place(growing, between(start, point(event)));
  });
  function finish(event) {
    if (!start) return;
    const box = between(start, point(event));
    start = null;
    growing.remove();
    if (event.type === "pointerup" && box[2] >= LEAST && box[3] >= LEAST) {
      write(freeRow(), box);
      draw();
      form.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  stage.addEventListener("pointerup", finish);
  stage.addEventListener("pointercancel", finish);
  table.addEventListener("input", draw);
  draw();
})();
