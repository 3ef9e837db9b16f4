/** After a case is closed: whether it is solved, how content somebody is, and a few words; once, without a login. */
import type { RevisitAnswerRequest } from "../src/api/schema";
import { h } from "./dom";
import { keepOpinion, opinion, type Opinion } from "./kept";
import { failureWords, frame, say, spoken, t, time, trouble } from "./page";
import { answerRevisit, revisit, type Answer } from "./server";
import type { Key } from "./texts";

const SCORES = [5, 4, 3, 2, 1] as const;
const MOST_WORDS = 500;

/** What is asked, whichever key opens it: that of a link, or that of a report. */
export interface Asked {
  /** Under which what is typed stays on this phone. */
  readonly id: string;
  readonly what: { readonly zh: string; readonly en: string };
  readonly number: string;
  readonly closed_ms: number;
  readonly ends_ms: number;
  readonly typed: Opinion;
  send(body: RevisitAnswerRequest): Promise<Answer<unknown>>;
  /** Whether it has been answered by now; `null`: nobody knows. */
  answered(): Promise<boolean | null>;
}

/** What is still missing; `null`: it can be sent. */
export function lacking(typed: Opinion): Key | null {
  if (typed.solved === null) return "chooseSolved";
  return typed.score === 0 ? "chooseScore" : null;
}

function about(asked: Asked): HTMLElement {
  return h(
    "section",
    {},
    h("p", { class: "place" }, h("strong", {}, say(asked.what))),
    h("p", { class: "hint" }, `${t("number")} ${asked.number} · ${t("closedAt", { time: time(asked.closed_ms) })}`),
  );
}

function choice(name: string, text: Key, chosen: boolean, choose: () => void): HTMLElement {
  return h("label", { class: "choice" }, h("input", { type: "radio", name, checked: chosen, change: choose }), h("span", {}, t(text)));
}

function solvedPart(typed: Opinion, keep: () => void): HTMLElement {
  const one = (value: boolean, text: Key): HTMLElement =>
    choice("solved", text, typed.solved === value, () => {
      typed.solved = value;
      keep();
    });
  return h("fieldset", {}, h("legend", {}, t("solvedLabel")), one(true, "solvedYes"), one(false, "solvedNo"), h("p", { class: "hint" }, t("solvedNoHint")));
}

function scorePart(typed: Opinion, keep: () => void): HTMLElement {
  const one = (score: (typeof SCORES)[number]): HTMLElement =>
    choice("score", `score${score}`, typed.score === score, () => {
      typed.score = score;
      keep();
    });
  return h("fieldset", {}, h("legend", {}, t("scoreLabel")), ...SCORES.map(one));
}

function wordsPart(typed: Opinion, keep: () => void): HTMLElement {
  const words = h("textarea", { id: "comment", rows: "3", maxlength: String(MOST_WORDS), "aria-describedby": "comment-hint", input: () => {
    typed.comment = words.value;
    keep();
  } });
  words.value = typed.comment;
  return h("section", {}, h("label", { class: "label", for: "comment" }, t("comment")), h("p", { id: "comment-hint", class: "hint" }, t("commentHint")), words);
}

/** Solved or not, how content, a few words: what is asked, below whatever says about what. */
export function opinionForm(asked: Asked): HTMLElement {
  const { typed } = asked;
  const keep = (): void => keepOpinion(asked.id, typed);
  const problem = h("p", { class: "problem", role: "alert", tabindex: "-1" });
  const button = h("button", { class: "main" }, t("send"));
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const missing = lacking(typed);
    problem.textContent = missing === null ? "" : t(missing);
    if (missing !== null || typed.solved === null) return problem.focus();
    button.disabled = true;
    button.textContent = t("sending");
    const { solved } = typed;
    const answer = await asked.send({ solved, satisfaction: typed.score, comment: typed.comment.trim() });
    if (answer.ok) {
      keepOpinion(asked.id, null);
      return showThanks(asked, solved);
    }
    // The first answer may have arrived although nobody heard so, or somebody wrote one down on the phone meanwhile.
    if (answer.failure.kind === "refused" && (await asked.answered()) === true) {
      keepOpinion(asked.id, null);
      return showBefore(asked);
    }
    button.disabled = false;
    button.textContent = t("send");
    // Its time may have run out while this was being typed.
    problem.textContent = answer.failure.kind === "missing" ? `${t("noOpinion")} · ${t("noOpinionText")}` : failureWords(answer.failure, "opinionMany");
    return problem.focus();
  };
  return h(
    "section",
    {},
    h("p", {}, t("opinionLead")),
    h("form", { novalidate: true, submit: (event) => void send(event) }, solvedPart(typed, keep), scorePart(typed, keep), wordsPart(typed, keep), problem, button),
    h("p", { class: "hint" }, t("opinionUntil", { time: time(asked.ends_ms) })),
    h("p", { class: "hint" }, t("opinionData")),
  );
}

function showThanks(asked: Asked, solved: boolean): void {
  frame(t("opinionThanks"), about(asked), h("p", { role: "status" }, t(solved ? "opinionSolved" : "opinionAgain")));
  scrollTo(0, 0);
}

function showBefore(asked: Asked): void {
  frame(t("opinionBefore"), about(asked), h("p", {}, t("opinionBeforeText")));
}

/** What stands behind the `#` of the link is the key: it opens this one answer and nothing else. */
export async function openRevisit(id: string, token: string): Promise<void> {
  if (!/^[\w-]{16,64}$/.test(token)) return trouble("noOpinion", "noOpinionText", false);
  const found = await revisit(token, spoken());
  if (!found.ok) {
    const later = found.failure.kind === "away" || found.failure.kind === "trouble";
    return later ? trouble("cannotLoad", null, true) : trouble("noOpinion", "noOpinionText", false);
  }
  const { say: what, case_code: number, closed_ms, ends_ms, answered } = found.value;
  const asked: Asked = {
    id,
    what,
    number,
    closed_ms,
    ends_ms,
    typed: opinion(id),
    send: (body) => answerRevisit(token, body, spoken()),
    answered: async () => {
      const now = await revisit(token, spoken());
      return now.ok ? now.value.answered : null;
    },
  };
  return answered ? showBefore(asked) : frame(t("opinion"), about(asked), opinionForm(asked));
}
