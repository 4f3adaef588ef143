// Signs a policy in the browser: DSSE over Ed25519, with a key file that is read here and sent nowhere.
"use strict";
(() => {
  const place = document.querySelector("[data-sign]");
  if (!place) return;
  const file = place.querySelector("[data-key]");
  const button = place.querySelector("[data-sign-now]");
  const form = place.querySelector("[data-publish]");
  const trouble = place.querySelector("[data-sign-trouble]");
  const LARGEST_KEY = 10000;
  const SPKI = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]; // an Ed25519 public key follows

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
  const tell = (text) => { trouble.textContent = text; trouble.hidden = !text; };

  // What is shown is decoded from what is signed, so that one cannot differ from the other.
  const payload = bytes(place.dataset.payload);
  const shown = document.querySelector("[data-shown]");
  shown.textContent = JSON.stringify(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)), null, 2);

  const privateKey = async (pem) => {
    const found = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/.exec(pem);
    if (!found) throw new Error("This is not an unencrypted private key in PEM: choose the file that `fedpact policies keygen` made.");
    try {
      return await crypto.subtle.importKey("pkcs8", bytes(found[1].replace(/\s/g, "")), "Ed25519", true, ["sign"]);
    } catch {
      throw new Error("This browser cannot read it as an Ed25519 key. Try a current browser, or sign with the command line.");
    }
  };
  const keyid = async (key) => {
    const { x } = await crypto.subtle.exportKey("jwk", key);
    return hex(await crypto.subtle.digest("SHA-256", new Uint8Array([...SPKI, ...bytes(x)])));
  };
  const toSign = () => {
    const head = new TextEncoder().encode(`DSSEv1 ${place.dataset.type.length} ${place.dataset.type} ${payload.length} `);
    const all = new Uint8Array(head.length + payload.length);
    all.set(head);
    all.set(payload, head.length);
    return all;
  };
  const signed = async (pem) => {
    const key = await privateKey(pem);
    const sig = base64(await crypto.subtle.sign("Ed25519", key, toSign()));
    return { payloadType: place.dataset.type, payload: place.dataset.payload, signatures: [{ keyid: await keyid(key), sig }] };
  };

  if (!globalThis.crypto || !crypto.subtle) {
    file.disabled = true;
    tell("This browser signs on https pages only. Sign with the command line instead.");
    return;
  }
  file.addEventListener("change", () => { tell(""); button.disabled = !file.files.length; });
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const chosen = file.files[0];
      if (!chosen || chosen.size > LARGEST_KEY) throw new Error("This file is too large to be a key.");
      form.elements.envelope.value = JSON.stringify(await signed(await chosen.text()));
      file.value = "";
      form.requestSubmit();
    } catch (error) {
      tell(error.message);
      button.disabled = false;
    }
  });

  document.querySelector("[data-envelope-file]").addEventListener("change", async (event) => {
    const chosen = event.target.files[0];
    if (chosen) document.getElementById("envelope").value = await chosen.text();
  });
})();
