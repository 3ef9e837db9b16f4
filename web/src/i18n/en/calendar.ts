/** English: days of the calendar that people fix. */
export default {
  calendarDays: {
    title: "Change holidays and days worked instead",
    lead: "One day or a run of days. You see what each day becomes and which limits it touches before anything is written. Rules and new limits in working time go by it then.",
    first: "First day",
    last: "Last day (empty: one day)",
    becomes: "Becomes",
    kinds: { holiday: "Holiday", makeup: "Worked instead (Saturday, Sunday)", workday: "Worked (Monday to Friday)", weekend: "Free (Saturday, Sunday)", published: "As published" },
    look: "See what changes",
    same: "Nothing changes: the days are so already.",
    changes: "Nothing changes | 1 day changes | {n} days change",
    fixed: "{kind} already, fixed by this installation",
    ownBefore: "was set by this installation",
    more: "and {n} more days",
    noLimits: "No limit in working time that runs now is touched.",
    limits: "Limits that run keep their date; {less} have less working time left, {more} have more. Where one should move, ask for an extension in the case.",
    until: "limit {time}",
    lessWork: "{time} less",
    moreWork: "{time} more",
    write: "Write | Write 1 day | Write {n} days",
    done: "Nothing changed | 1 day written | {n} days written",
  },
};
