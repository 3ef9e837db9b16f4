import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";
import { ApiError } from "@/api/client";
import { getSetup } from "@/api/routes";
import { i18n, needMore } from "@/i18n";
import { renew, renewIfQuiet } from "@/offline/keeping";
import NotKeptPage from "@/pages/NotKeptPage.vue";
import { knowSession, may, me, standing, whenSessionEnds, type Standing } from "@/session/session";

declare module "vue-router" {
  interface RouteMeta {
    /** Says what only the pages of the desk say; its words are brought with it. */
    desk?: boolean;
    /** Key of the page's name; the document's title. */
    title: string;
    /** Reachable without a session. */
    open?: boolean;
    /** Shown whoever is here. */
    always?: boolean;
    /** Permission of the server that the page needs. */
    needs?: string;
  }
}

/** Where each begins. */
const HOMES: Readonly<Record<Standing, string>> = { worker: "/tasks", office: "/overview", department: "/department" };

const number = "(\\d+)";
const routes: readonly RouteRecordRaw[] = [
  { path: "/login", name: "login", component: () => import("@/pages/LoginPage.vue"), meta: { title: "login.title", open: true } },
  { path: "/setup", name: "setup", component: () => import("@/pages/SetupPage.vue"), meta: { title: "setup.title", open: true } },
  // Part of the first script: it stands where another page's script cannot be had.
  { path: "/not-kept", name: "notKept", component: NotKeptPage, meta: { title: "notKept.title", always: true } },
  { path: "/password", name: "password", component: () => import("@/pages/PasswordPage.vue"), meta: { title: "password.title" } },
  { path: "/wall", name: "wall", component: () => import("@/pages/WallPage.vue"), meta: { title: "wall.title", needs: "see" } },
  {
    path: "/",
    component: () => import("@/layout/AppShell.vue"),
    meta: { title: "nav.overview" },
    children: [
      { path: "", name: "home", redirect: () => HOMES[standing.value] },
      { path: "overview", name: "overview", component: () => import("@/pages/OverviewPage.vue"), meta: { title: "nav.overview", needs: "see" } },
      { path: "first-steps", name: "firstSteps", component: () => import("@/pages/FirstStepsPage.vue"), meta: { desk: true, title: "first.title", needs: "registry.keep" } },
      {
        path: `communities/:id${number}`,
        name: "community",
        component: () => import("@/pages/CommunityPage.vue"),
        meta: { title: "community.title", needs: "see" },
      },
      { path: "facilities", name: "facilities", component: () => import("@/pages/FacilitiesPage.vue"), meta: { title: "equipment.title", needs: "see" } },
      {
        path: `facilities/:id${number}`,
        name: "facility",
        component: () => import("@/pages/FacilityPage.vue"),
        meta: { title: "facility.title", needs: "see" },
      },
      { path: "alarms", name: "alarms", component: () => import("@/pages/AlarmsPage.vue"), meta: { title: "nav.alarms", needs: "see" } },
      {
        path: "performance",
        name: "performance",
        component: () => import("@/pages/PerformancePage.vue"),
        meta: { title: "performance.title", needs: "alarm.measure" },
      },
      { path: "alarms/:id", name: "alarm", component: () => import("@/pages/AlarmPage.vue"), meta: { desk: true, title: "alarm.title", needs: "see" } },
      { path: "cases", name: "cases", component: () => import("@/pages/CasesPage.vue"), meta: { title: "nav.cases", needs: "see" } },
      { path: `cases/:id${number}`, name: "case", component: () => import("@/pages/CasePage.vue"), meta: { title: "case.title", needs: "see" } },
      { path: "intakes", name: "intakes", component: () => import("@/pages/IntakesPage.vue"), meta: { title: "intakes.title", needs: "see" } },
      { path: "department", name: "department", component: () => import("@/pages/DepartmentPage.vue"), meta: { title: "department.title", needs: "department.own" } },
      { path: "calls", name: "calls", component: () => import("@/pages/CallsPage.vue"), meta: { title: "revisits.title", needs: "revisit.call" } },
      { path: "webhooks", name: "webhooks", component: () => import("@/pages/WebhooksPage.vue"), meta: { desk: true, title: "nav.webhooks", needs: "webhook.keep" } },
      { path: "exchange", name: "exchange", component: () => import("@/pages/ExchangePage.vue"), meta: { desk: true, title: "nav.exchange", needs: "exchange.keep" } },
      { path: "report", name: "report", component: () => import("@/pages/ReportPage.vue"), meta: { title: "report.title", needs: "report.file" } },
      { path: "tasks", name: "tasks", component: () => import("@/pages/TasksPage.vue"), meta: { title: "nav.tasks", needs: "see" } },
      { path: `tasks/:id${number}`, name: "task", component: () => import("@/pages/TaskPage.vue"), meta: { title: "task.title", needs: "see" } },
      {
        path: "gateways",
        name: "gateways",
        component: () => import("@/pages/GatewaysPage.vue"),
        meta: { title: "nav.gateways", needs: "gateway.see" },
      },
      {
        path: "backtest",
        name: "backtest",
        component: () => import("@/pages/BacktestPage.vue"),
        meta: { desk: true, title: "nav.backtest", needs: "rule.backtest" },
      },
      { path: "rules", name: "rules", component: () => import("@/pages/RulesPage.vue"), meta: { desk: true, title: "nav.rules", needs: "rule.see" } },
      { path: "calendar", name: "calendar", component: () => import("@/pages/CalendarPage.vue"), meta: { title: "calendar.title", needs: "rule.see" } },
      { path: "rules/new", name: "newRule", component: () => import("@/pages/RulePage.vue"), meta: { desk: true, title: "rules.new", needs: "rule.see" } },
      { path: "rules/:id", name: "rule", component: () => import("@/pages/RulePage.vue"), meta: { desk: true, title: "rules.title", needs: "rule.see" } },
      {
        path: "notifications",
        name: "notifications",
        component: () => import("@/pages/NotificationsPage.vue"),
        meta: { title: "notify.title", needs: "notification.see" },
      },
      {
        path: "evaluation",
        name: "evaluation",
        component: () => import("@/pages/EvaluationPage.vue"),
        meta: { title: "evaluation.title", needs: "case.evaluate" },
      },
      { path: "funds", name: "funds", component: () => import("@/pages/FundsPage.vue"), meta: { title: "funds.title", needs: "case.evaluate" } },
      {
        path: `projects/:id${number}`,
        name: "project",
        component: () => import("@/pages/ProjectPage.vue"),
        meta: { title: "funds.title", needs: "case.evaluate" },
      },
      { path: "staff", name: "staff", component: () => import("@/pages/StaffPage.vue"), meta: { title: "registry.staff", needs: "registry.keep" } },
      { path: "registry", name: "registry", component: () => import("@/pages/RegistryPage.vue"), meta: { title: "registry.title", needs: "registry.keep" } },
      { path: "registry/import", name: "import", component: () => import("@/pages/ImportPage.vue"), meta: { title: "imports.title", needs: "registry.keep" } },
      { path: "registry/:kind([a-z]+)/new", name: "newRecord", component: () => import("@/pages/RecordPage.vue"), meta: { title: "registry.title", needs: "registry.keep" } },
      { path: "registry/:kind([a-z]+)/:code", name: "record", component: () => import("@/pages/RecordPage.vue"), meta: { title: "registry.title", needs: "registry.keep" } },
      { path: "plans", name: "plans", component: () => import("@/pages/PlansPage.vue"), meta: { desk: true, title: "plans.title", needs: "case.evaluate" } },
      { path: "plans/new", name: "newPlan", component: () => import("@/pages/PlanPage.vue"), meta: { desk: true, title: "plans.new", needs: "plan.keep" } },
      {
        path: `plans/:id${number}`,
        name: "plan",
        component: () => import("@/pages/PlanPage.vue"),
        meta: { desk: true, title: "plans.title", needs: "case.evaluate" },
      },
      { path: "me", name: "me", component: () => import("@/pages/MePage.vue"), meta: { title: "nav.me" } },
      { path: "me/tokens", name: "tokens", component: () => import("@/pages/TokensPage.vue"), meta: { title: "tokens.title" } },
      { path: ":rest(.*)*", name: "missing", component: () => import("@/pages/MissingPage.vue"), meta: { title: "missing.title" } },
    ],
  },
];

/** Frame and page are asked for at once; that the page cannot be had while the frame is still awaited is told when it is its turn, not as an error nobody caught. */
function calm(record: RouteRecordRaw): RouteRecordRaw {
  const load: unknown = record.component;
  const component =
    typeof load === "function"
      ? (): Promise<unknown> => {
          const loading = (load as () => Promise<unknown>)();
          loading.catch(() => undefined);
          return loading;
        }
      : load;
  const children = record.children?.map(calm);
  return { ...record, ...(component ? { component } : {}), ...(children ? { children } : {}) } as RouteRecordRaw;
}

export const router = createRouter({
  history: createWebHistory(),
  routes: routes.map(calm),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

/** Where the login leads back to; only places of our own. */
export function wayBack(value: unknown): string {
  return typeof value === "string" && value.startsWith("/") && !value.startsWith("//") ? value : "/";
}

async function setupNeeded(): Promise<boolean> {
  try {
    return (await getSetup()).needed;
  } catch (failure) {
    if (failure instanceof ApiError) return false;
    throw failure;
  }
}

let setupKnown = false;

// Between two pages nobody is in the middle of typing: a new edition that waits may take over.
router.beforeEach(async (to, from) => {
  if (from.matched.length === 0 || !(await renewIfQuiet())) return true;
  location.assign(to.fullPath);
  return false;
});

router.beforeEach(async (to) => {
  if (to.meta.always) return true;
  try {
    await knowSession();
  } catch (failure) {
    // The server does not answer: the login page says so and tries again.
    if (!(failure instanceof ApiError)) throw failure;
  }
  if (!me.value && !setupKnown) {
    setupKnown = true;
    if ((await setupNeeded()) && to.name !== "setup") return { name: "setup" };
  }
  if (!me.value) return to.meta.open ? true : { name: "login", query: to.path === "/" ? {} : { to: to.fullPath } };
  if (me.value.must_change_password) return to.name === "password" ? true : { name: "password", query: { to: to.fullPath } };
  if (to.meta.open) return wayBack(to.query["to"]);
  if (to.meta.needs && !may(to.meta.needs)) return { name: "home" };
  // Where somebody begins was asked before it was known who they are.
  const begins = HOMES[standing.value];
  if (to.redirectedFrom?.name === "home" && to.path !== begins) return begins;
  return true;
});

router.beforeResolve(async (to) => {
  if (to.matched.some((one) => one.meta.desk)) await needMore();
});

async function serverAnswers(): Promise<boolean> {
  try {
    return (await fetch("/favicon.svg", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) })).ok;
  } catch {
    return false;
  }
}
const PATIENCE_MS = 5_000;

/**
 * A page whose script or style cannot be had. Either a newer version of the pages has replaced them: the address is loaded anew, once.
 * Or there is no signal, and they were never on this phone: that is said, with a way back.
 */
const RELOADED = "twingrid.reloaded";
async function insteadOf(to: string): Promise<void> {
  if (sessionStorage.getItem(RELOADED) !== to && (await serverAnswers())) {
    sessionStorage.setItem(RELOADED, to);
    await renew();
    location.assign(to);
    return;
  }
  sessionStorage.removeItem(RELOADED);
  await router.replace({ name: "notKept", query: { to } });
}
router.onError((failure, to) => {
  if (!/dynamically imported module|module script|preload/i.test(String(failure))) throw failure;
  void insteadOf(to.fullPath);
});

/** The document's title: the page, or what it shows. */
export function setTitle(text: string): void {
  document.title = `${text} · Twingrid`;
}

router.afterEach((to, from, failure) => {
  if (failure) return;
  sessionStorage.removeItem(RELOADED);
  setTitle(i18n.global.t(to.meta.title));
  // A screen reader hears of the new page as of a new document.
  if (from.matched.length > 0 && to.path !== from.path) {
    requestAnimationFrame(() => document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true }));
  }
});

whenSessionEnds(() => {
  const here = router.currentRoute.value;
  void router.push({ name: "login", query: { to: here.fullPath, ended: "1" } });
});
