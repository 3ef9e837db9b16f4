/**
 * What the QR of a facility opens for a resident: a form without a login, a number, and what became of it. A page of its own,
 * small and without a framework, for old phones on slow networks and the browsers inside chat programs.
 */
import "./style.css";
import type { PublicAsked, PublicPlace, PublicReceipt, PublicState } from "../src/api/schema";
import { h, show } from "./dom";
import { draft, isStaff, keepDraft, keepMine, mine, opinion, type Draft } from "./kept";
import { danger, failureWords, frame, say, spoken, startWith, t, time, trouble } from "./page";
import { openRevisit, opinionForm } from "./revisit";
import { answerReport, newKey, photo, place, report, state } from "./server";
import { shrunk } from "../src/photos/shrink";
import type { Key } from "./texts";

const MOST_PHOTOS = 4;

// --- the form -----------------------------------------------------------------------------------------------------

interface Form {
  readonly code: string;
  readonly at: PublicPlace;
  readonly typed: Draft;
  photos: { readonly bytes: Blob; readonly address: string }[];
}

function asAddress(bytes: Blob): Promise<string> {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result)));
    reader.addEventListener("error", () => resolve(""));
    reader.readAsDataURL(bytes);
  });
}

function eventList(form: Form): HTMLElement {
  const one = (event: PublicPlace["events"][number]): HTMLElement => {
    const field = h("input", { type: "radio", name: "event", value: event.key, checked: event.key === form.typed.event, change: () => {
      form.typed.event = event.key;
      keepDraft(form.code, form.typed);
    } });
    return h("label", { class: "choice" }, field, h("span", {}, say(event.say)));
  };
  return h("fieldset", {}, h("legend", {}, t("what")), ...form.at.events.map(one));
}

function photoPart(form: Form): HTMLElement {
  const part = h("section", {});
  const problem = h("p", { class: "problem", role: "alert" });
  const draw = (): void => {
    const thumbs = form.photos.map((each, at) => {
      const remove = h("button", { type: "button", "aria-label": t("removePhoto", { n: at + 1 }), click: () => {
        form.photos = form.photos.filter((other) => other !== each);
        draw();
      } }, "×");
      return h("li", {}, h("img", { src: each.address, alt: t("photo", { n: at + 1 }) }), remove);
    });
    const input = h("input", { type: "file", accept: "image/*", multiple: true, class: "hidden", change: (event) => void add(event.target as HTMLInputElement) });
    const more = form.photos.length < MOST_PHOTOS && h("label", { class: "button" }, t("addPhoto"), input);
    show(part, h("h2", {}, t("photos")), thumbs.length > 0 && h("ul", { class: "thumbs" }, ...thumbs), more, problem);
  };
  const add = async (field: HTMLInputElement): Promise<void> => {
    problem.textContent = "";
    for (const file of Array.from(field.files ?? []).slice(0, MOST_PHOTOS - form.photos.length)) {
      const bytes = await shrunk(file);
      if (bytes === null) problem.textContent = t("noPicture");
      else form.photos = [...form.photos, { bytes, address: await asAddress(bytes) }];
    }
    draw();
  };
  draw();
  return part;
}

const list = (...keys: Key[]): HTMLElement => h("ul", { class: "plain" }, ...keys.map((key) => h("li", {}, t(key))));

function explained(): HTMLElement {
  return h("section", { class: "explained" }, h("h2", {}, t("when")), list("when1", "when2", "when3"), h("h2", {}, t("data")), list("data1", "data2", "data3"));
}

function mineList(): HTMLElement | null {
  const all = mine();
  if (all.length === 0) return null;
  return h("section", {}, h("h2", {}, t("mine")), h("ul", { class: "links" }, ...all.slice(0, 5).map((one) => h("li", {}, h("a", { href: linkOf(one.id, one.key) }, one.code)))));
}

function showForm(form: Form): void {
  const problem = h("p", { class: "problem", role: "alert", tabindex: "-1" });
  const words = h("textarea", { id: "words", rows: "4", maxlength: "1000", "aria-describedby": "words-hint", input: () => {
    form.typed.words = words.value;
    keepDraft(form.code, form.typed);
  } });
  words.value = form.typed.words;
  const button = h("button", { class: "main" }, t("send"));
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const lacking = form.typed.event === "" ? t("chooseWhat") : form.typed.words.trim() === "" ? t("writeWords") : "";
    problem.textContent = lacking;
    if (lacking !== "") return problem.focus();
    button.disabled = true;
    button.textContent = t("sending");
    const answer = await report({ facility_code: form.code, event: form.typed.event, words: form.typed.words.trim() }, form.typed.key, spoken());
    if (answer.ok) return sendPhotos(form, answer.value, form.typed.key, (text) => {
      button.textContent = text;
    });
    // Refused is decided: what is sent after it is another report, with a key of its own.
    if (answer.failure.kind === "refused") keepDraft(form.code, Object.assign(form.typed, { key: newKey() }));
    button.disabled = false;
    button.textContent = t("send");
    problem.textContent = failureWords(answer.failure);
    return problem.focus();
  };
  frame(
    t("title"),
    h("p", { class: "place" }, h("strong", {}, say(form.at.name)), ` · ${say(form.at.community)}`),
    danger(),
    isStaff() && h("p", {}, h("a", { class: "button", href: `/report?code=${encodeURIComponent(form.code)}` }, t("staff"))),
    h("form", { novalidate: true, submit: (event) => void send(event) }, eventList(form), h("section", {}, h("label", { class: "label", for: "words" }, t("words")), h("p", { id: "words-hint", class: "hint" }, t("wordsHint")), words), photoPart(form), problem, button),
    explained(),
    mineList(),
  );
}

async function sendPhotos(form: Form, receipt: PublicReceipt, key: string, tell: (text: string) => void): Promise<void> {
  keepMine({ id: receipt.id, key, code: receipt.code });
  keepDraft(form.code, null);
  const all = form.photos.length;
  const left = [];
  for (const [at, one] of form.photos.entries()) {
    tell(t("sendingPhoto", { n: at + 1, all }));
    const answer = await photo(receipt.id, one.bytes, key);
    if (!answer.ok) left.push(one);
  }
  form.photos = left;
  showReceipt(form, receipt, key);
}

const linkOf = (id: number, key: string): string => `/e/report/${id}#${key}`;

function showReceipt(form: Form, receipt: PublicReceipt, key: string): void {
  const copy = h("button", { type: "button", click: async () => {
    try {
      await navigator.clipboard.writeText(location.origin + linkOf(receipt.id, key));
      copy.textContent = t("copied");
    } catch {
      copy.remove(); // the browser lets nobody copy: the list on this phone has it
    }
  } }, t("copy"));
  const again = h("button", { type: "button", click: () => void sendPhotos(form, receipt, key, (text) => {
    again.textContent = text;
  }) }, t("again"));
  frame(
    t("thanks"),
    receipt.urgent && h("p", { class: "danger" }, t("urgentSent")),
    h("p", { class: "number" }, `${t("number")} `, h("strong", {}, receipt.code)),
    form.photos.length > 0 && h("p", { class: "problem", role: "alert" }, t("photosFailed", { n: form.photos.length })),
    form.photos.length > 0 && again,
    h("p", {}, t("when1")),
    h("p", {}, t("when3")),
    h("p", {}, h("a", { class: "button main", href: linkOf(receipt.id, key) }, t("look"))),
    "clipboard" in navigator && h("p", {}, copy),
    h("p", {}, h("button", { type: "button", click: () => void start() }, t("one"))),
  );
  scrollTo(0, 0);
}

// --- what became of it --------------------------------------------------------------------------------------------

const WAY: readonly PublicState["stage"][] = ["received", "on_the_way", "done"];

/** What is asked once it is done, where it was looked up; the key of the report opens it. */
function askedPart(id: number, key: string, found: PublicState, { closed_ms, ends_ms, answered }: PublicAsked): HTMLElement {
  if (answered) return h("section", {}, h("h2", {}, t("opinionBefore")), h("p", {}, t("opinionBeforeText")));
  const kept = `report.${id}`;
  const form = opinionForm({
    id: kept,
    what: found.say,
    number: found.code,
    closed_ms,
    ends_ms,
    typed: opinion(kept),
    send: (body) => answerReport(id, key, body, spoken()),
    answered: async () => {
      const now = await state(id, key, spoken());
      return now.ok ? now.value.revisit?.answered === true : null;
    },
  });
  return h("section", {}, h("h2", {}, t("opinion")), form);
}

function showState(found: PublicState, id: number, key: string): void {
  const at = WAY.indexOf(found.stage);
  const step = (stage: PublicState["stage"], index: number): HTMLElement => h("li", { class: index <= at ? "reached" : "", "aria-current": index === at && "step" }, t(stage));
  frame(
    t("steps"),
    h("p", { class: "number" }, `${t("number")} `, h("strong", {}, found.code)),
    h("p", { class: "place" }, h("strong", {}, say(found.say)), ` · ${say(found.place)}`),
    found.stage === "declined" ? h("section", {}, h("h2", {}, t("declined")), h("p", { class: "words" }, found.words)) : found.stage === "referred" ? h("section", {}, h("h2", {}, t("referred"))) : h("ol", { class: "way" }, ...WAY.map(step)),
    found.known && h("p", {}, t("known")),
    h("p", { class: "hint" }, t("sentAt", { time: time(found.time_ms) })),
    found.changed_ms > found.time_ms && h("p", { class: "hint" }, t("changedAt", { time: time(found.changed_ms) })),
    found.photos > 0 && h("p", { class: "hint" }, t("nPhotos", { n: found.photos })),
    found.revisit !== null && askedPart(id, key, found, found.revisit),
    found.revisit?.answered !== false && h("button", { type: "button", class: "main", click: () => void start() }, t("reload")),
    danger(),
    mineList(),
  );
}

/** `null`: a link that was cut in the middle of a character. */
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

async function start(): Promise<void> {
  const [, kind = "", last = ""] = /^\/e\/([^/]+)\/([^/]+)\/?$/.exec(location.pathname) ?? [];
  if (kind === "facility") {
    const code = decoded(last);
    if (code === null) return trouble("noPlace", "noPlaceText", false);
    const answer = await place(code, spoken());
    if (answer.ok) showForm({ code, at: answer.value, typed: draft(code) ?? { event: "", words: "", key: newKey() }, photos: [] });
    else if (answer.failure.kind === "away" || answer.failure.kind === "trouble") trouble("cannotLoad", null, true);
    else trouble("noPlace", "noPlaceText", false);
    return;
  }
  if (kind === "revisit") return openRevisit(last, location.hash.slice(1));
  const id = Number(last);
  const key = location.hash.slice(1) || (mine().find((one) => one.id === id)?.key ?? "");
  if (kind !== "report" || !Number.isInteger(id) || key === "") return trouble("noReport", "noReportText", false);
  const answer = await state(id, key, spoken());
  if (answer.ok) showState(answer.value, id, key);
  else if (answer.failure.kind === "away" || answer.failure.kind === "trouble") trouble("cannotLoad", null, true);
  else trouble("noReport", "noReportText", false);
}

startWith(start);
addEventListener("hashchange", () => void start());
frame(t(location.pathname.startsWith("/e/revisit/") ? "opinion" : "title"), h("p", { role: "status" }, t("loading")));
void start();
