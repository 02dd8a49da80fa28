// Passkeys: asks the browser for one and sends its answer with the form. Without this file the forms stay hidden.
"use strict";

const raw = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// What the server says in JSON as the browser wants it, and back.
const ready = (options) => {
  const given = { ...options, challenge: raw(options.challenge) };
  for (const list of ["excludeCredentials", "allowCredentials"])
    if (given[list]) given[list] = given[list].map((key) => ({ ...key, id: raw(key.id) }));
  if (given.user) given.user = { ...given.user, id: raw(given.user.id) };
  return given;
};
const told = (credential) => {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[name]) response[name] = text(credential.response[name]);
  return JSON.stringify({
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
};

const ask = async (form) => {
  const answer = await fetch(form.dataset.options, {
    method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": form.elements.csrf_token.value },
  });
  const { options, go, said } = await answer.json();
  if (go) return location.assign(go);
  if (!options) throw Object.assign(new Error(), { said });
  const credential = await navigator.credentials[form.dataset.passkey]({ publicKey: ready(options) });
  form.elements.credential.value = told(credential);
  form.submit();
};

const words = (form, error) => {
  if (error.said) return error.said;
  if (error.name === "InvalidStateError" && form.dataset.known) return form.dataset.known;
  return error.name === "NotAllowedError" || error.name === "AbortError" ? form.dataset.cancelled : form.dataset.trouble;
};

for (const form of document.querySelectorAll("[data-passkey]")) {
  // A passkey is tied to the name of the box: reached under another one, the browser would refuse.
  if (!window.PublicKeyCredential || location.origin !== form.dataset.origin) continue;
  form.hidden = false;
  for (const note of document.querySelectorAll("[data-no-passkeys]")) note.hidden = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button"), said = form.querySelector("[data-said]");
    if (button.hasAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    said.textContent = "";
    try {
      await ask(form);
    } catch (error) {
      said.textContent = words(form, error);
      button.removeAttribute("aria-disabled");
    }
  });
}
