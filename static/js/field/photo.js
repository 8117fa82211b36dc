/* A photo as it is taken: looked at, its time and place read, shrunk, its SHA-256 counted.

   Only what the camera wrote into a JPEG is read here, five entries of it; the server reads the
   picture once more and is the one that decides. */
(function () {
  "use strict";
  if (!window.Field) return;
  const SIDE = 2000;
  const SMALL = 1.5 * 1048576;
  const PIXELS = 100000000;

  function refused(name, sentence) { return new Field.Refused("“" + name.slice(-60) + "”" + sentence); }

  function kindOf(bytes) {
    const word = function (from, to) { return String.fromCharCode.apply(null, bytes.subarray(from, to)); };
    if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "image/jpeg";
    if (word(1, 4) === "PNG") return "image/png";
    if (word(0, 4) === "RIFF" && word(8, 12) === "WEBP") return "image/webp";
    return "";
  }

  /* --- EXIF (TIFF 6.0 inside APP1) ------------------------------------------------------------ */

  function tiffOf(view) {
    let at = 2;
    while (at + 10 < view.byteLength && view.getUint8(at) === 0xff) {
      const marker = view.getUint8(at + 1);
      const length = view.getUint16(at + 2);
      if (marker === 0xe1 && view.getUint32(at + 4) === 0x45786966) {
        return new DataView(view.buffer, view.byteOffset + at + 10, length - 8);
      }
      if (marker === 0xda) return null;
      at += 2 + length;
    }
    return null;
  }
  function entries(tiff, at, little) {
    const found = {};
    const count = tiff.getUint16(at, little);
    for (let i = 0; i < Math.min(count, 200); i += 1) {
      const entry = at + 2 + i * 12;
      found[tiff.getUint16(entry, little)] = entry;
    }
    return found;
  }
  function text(tiff, entry, little) {
    if (entry === undefined) return "";
    const count = tiff.getUint32(entry + 4, little);
    const at = count > 4 ? tiff.getUint32(entry + 8, little) : entry + 8;
    let said = "";
    for (let i = 0; i < Math.min(count, 40); i += 1) {
      const code = tiff.getUint8(at + i);
      if (!code) break;
      said += String.fromCharCode(code);
    }
    return said;
  }
  function degrees(tiff, entry, reference, little, negative) {
    if (entry === undefined) return null;
    const at = tiff.getUint32(entry + 8, little);
    const part = function (i) {
      return tiff.getUint32(at + i * 8, little) / tiff.getUint32(at + i * 8 + 4, little);
    };
    const value = part(0) + part(1) / 60 + part(2) / 3600;
    return text(tiff, reference, little).toUpperCase() === negative ? -value : value;
  }
  function exif(bytes) {
    const told = { taken_at: "", latitude: "", longitude: "" };
    try {
      const tiff = tiffOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      if (!tiff) return told;
      const little = tiff.getUint16(0) === 0x4949;
      const first = entries(tiff, tiff.getUint32(4, little), little);
      const own = first[0x8769] === undefined ? {} : entries(tiff, tiff.getUint32(first[0x8769] + 8, little), little);
      const moment = text(tiff, own[0x9003], little) || text(tiff, first[0x132], little);
      const parts = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(moment);
      const zone = /^[+-]\d\d:\d\d$/.exec(text(tiff, own[0x9011], little));
      if (parts) told.taken_at = parts[1] + "-" + parts[2] + "-" + parts[3] + "T" + parts[4] + (zone ? zone[0] : "+08:00");
      if (first[0x8825] !== undefined) {
        const gps = entries(tiff, tiff.getUint32(first[0x8825] + 8, little), little);
        const latitude = degrees(tiff, gps[2], gps[1], little, "S");
        const longitude = degrees(tiff, gps[4], gps[3], little, "W");
        if (Number.isFinite(latitude) && Number.isFinite(longitude) && (latitude || longitude)) {
          told.latitude = latitude.toFixed(6);
          told.longitude = longitude.toFixed(6);
        }
      }
    } catch (error) { /* a camera that writes nonsense costs nothing but the time and the place */ }
    return told;
  }

  /* --- shrinking --------------------------------------------------------------------------------- */

  async function drawn(blob, name) {
    try {
      return await createImageBitmap(blob, { imageOrientation: "from-image" });
    } catch (error) {
      throw refused(name, "已损坏或没有传完整，请重新拍照。");
    }
  }
  async function shrunk(blob, name) {
    const picture = await drawn(blob, name);
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    if (Math.min(picture.width, picture.height) < 32) {
      picture.close();
      throw refused(name, "太小，看不清内容，请重新拍照。");
    }
    if (scale === 1 && blob.type === "image/jpeg" && blob.size <= SMALL) {
      picture.close();
      return blob;
    }
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const made = await new Promise(function (resolve) { canvas.toBlob(resolve, "image/jpeg", 0.85); });
    canvas.width = canvas.height = 0;
    if (!made) throw refused(name, "处理不了，请换一张照片。");
    return made;
  }
  async function sha256(blob) {
    // Counted only over a safe connection; elsewhere the server takes the bytes as they come.
    if (!window.crypto || !crypto.subtle) return "";
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
    return Array.prototype.map.call(digest, function (x) { return x.toString(16).padStart(2, "0"); }).join("");
  }

  /* Returns the photo as it is kept and sent; a file that is none is refused with a sentence. */
  async function read(file, most) {
    const name = file.name || "照片";
    if (!file.size) throw refused(name, "是空文件，请重新拍照。");
    const bytes = new Uint8Array(await file.arrayBuffer());
    const kind = kindOf(bytes);
    if (!kind) throw refused(name, "不是照片，请选 JPG 或 PNG 图片。");
    if (kind === "image/png") {
      const head = new DataView(bytes.buffer, 16, 8);
      if (head.getUint32(0) * head.getUint32(4) > PIXELS) {
        throw refused(name, "像素超过 10,000 万，请换用手机直接拍的照片。");
      }
    }
    const told = kind === "image/jpeg" ? exif(bytes) : { taken_at: "", latitude: "", longitude: "" };
    const blob = await shrunk(new Blob([bytes], { type: kind }), name);
    if (blob.size > most * 1048576) throw refused(name, "超过 " + most + " MB，请换小一些的照片。");
    return Object.assign(told, { key: Field.newKey(), blob: blob, name: name, sha256: await sha256(blob), sent: false });
  }
  Field.readPhoto = read;
  Field.sha256 = sha256;
})();
