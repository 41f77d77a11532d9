// The question before something is deleted: the safe answer has the focus.

import { byId, el, fill } from "./dom.js";
import { t } from "./words.js";

/** Ask whether something is to be deleted; return the answer. */
export function confirmed(text) {
  const dialog = byId("confirm");
  const no = el("button", { type: "button", click: () => dialog.close("") }, t("history.cancel"));
  const yes = el("button", { type: "button", class: "danger", click: () => dialog.close("yes") }, t("history.forget_yes"));
  fill(
    dialog,
    el("h2", { id: "confirm-title" }, t("history.confirm_title")),
    el("p", {}, text),
    el("div", { class: "row confirm-answers" }, no, yes),
  );
  dialog.returnValue = "";
  dialog.showModal();
  no.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
