/** What the menu offers: by subject, and only what one may open. */
import {
  ArrowLeftRight,
  BellRing,
  BookText,
  Boxes,
  CalendarCheck,
  Camera,
  CircleUserRound,
  ClipboardCheck,
  ClipboardList,
  DoorOpen,
  FlaskConical,
  FolderOpen,
  HandCoins,
  LayoutGrid,
  ListChecks,
  Megaphone,
  PhoneCall,
  Router as GatewayIcon,
  Scale,
  Users,
  Webhook,
} from "@lucide/vue";
import type { Component } from "vue";

import type { Standing } from "@/session/session";

export interface Entry {
  readonly to: string;
  readonly icon: Component;
  /** Key of its name. */
  readonly label: string;
  /** Permission without which it is not there. */
  readonly needs?: string;
}
export interface Group {
  /** Key of the heading; empty: it needs none. */
  readonly title: string;
  readonly entries: readonly Entry[];
}

const TASKS: Entry = { to: "/tasks", icon: ClipboardCheck, label: "nav.tasks" };
const REPORT: Entry = { to: "/report", icon: Camera, label: "report.nav", needs: "report.file" };
const CALLS: Entry = { to: "/calls", icon: PhoneCall, label: "revisits.title", needs: "revisit.call" };
const OVERVIEW: Entry = { to: "/overview", icon: LayoutGrid, label: "nav.overview" };
const FACILITIES: Entry = { to: "/facilities", icon: Boxes, label: "equipment.title" };
const ALARMS: Entry = { to: "/alarms", icon: BellRing, label: "nav.alarms" };
const CASES: Entry = { to: "/cases", icon: FolderOpen, label: "nav.cases" };
const ME: Entry = { to: "/me", icon: CircleUserRound, label: "nav.me" };

/** All that somebody of a department has. */
const OWN: Entry = { to: "/department", icon: ClipboardList, label: "department.nav", needs: "department.own" };

const OFFICE: readonly Entry[] = [
  { to: "/intakes", icon: DoorOpen, label: "intakes.title", needs: "intake.decide" },
  { to: "/exchange", icon: ArrowLeftRight, label: "nav.exchange", needs: "exchange.keep" },
  { to: "/evaluation", icon: Scale, label: "evaluation.title", needs: "case.evaluate" },
  { to: "/funds", icon: HandCoins, label: "funds.title", needs: "case.evaluate" },
  { to: "/plans", icon: CalendarCheck, label: "plans.title", needs: "case.evaluate" },
];
const REGISTRY: readonly Entry[] = [
  { to: "/staff", icon: Users, label: "registry.staff", needs: "registry.keep" },
  { to: "/registry", icon: BookText, label: "registry.title", needs: "registry.keep" },
];
const WORKSHOP: readonly Entry[] = [
  { to: "/gateways", icon: GatewayIcon, label: "nav.gateways", needs: "gateway.see" },
  { to: "/rules", icon: ListChecks, label: "nav.rules", needs: "rule.see" },
  { to: "/backtest", icon: FlaskConical, label: "nav.backtest", needs: "rule.backtest" },
  { to: "/notifications", icon: Megaphone, label: "notify.title", needs: "notification.see" },
  { to: "/webhooks", icon: Webhook, label: "nav.webhooks", needs: "webhook.keep" },
];

type May = (permission: string) => boolean;
const allowed = (entries: readonly Entry[], may: May): readonly Entry[] => entries.filter((one) => one.needs === undefined || may(one.needs));

/** The groups of the side bar; one without entries is left out. */
export function menuOf(standing: Standing, may: May): readonly Group[] {
  if (standing === "department") return [{ title: "", entries: allowed([OWN], may) }];
  const daily = standing === "worker" ? [TASKS, REPORT, CALLS, OVERVIEW, FACILITIES, ALARMS, CASES] : [OVERVIEW, FACILITIES, ALARMS, CASES, TASKS, REPORT, CALLS];
  const groups = [
    { title: "", entries: allowed(daily, may) },
    { title: "nav.office", entries: allowed([...OFFICE, ...REGISTRY], may) },
    { title: "nav.workshop", entries: allowed(WORKSHOP, may) },
  ];
  return groups.filter((group) => group.entries.length > 0);
}

/** The few of the thumb's bar. */
const THUMBS: Readonly<Record<Standing, readonly Entry[]>> = { worker: [TASKS, REPORT, ALARMS, OVERVIEW, ME], office: [OVERVIEW, ALARMS, CASES, ME], department: [OWN, ME] };
export const thumbsOf = (standing: Standing): readonly Entry[] => THUMBS[standing];

/** What a phone shows under "me", since it has no room for it below. */
export function restOf(standing: Standing, may: May): readonly Group[] {
  const shown = new Set(thumbsOf(standing).map((one) => one.to));
  const groups = menuOf(standing, may).map((group) => ({ ...group, entries: group.entries.filter((one) => !shown.has(one.to)) }));
  return groups.filter((group) => group.entries.length > 0);
}
