/** What residents read: short sentences, no terms of the trade. `{x}` is filled in. */
export type Language = "zh" | "en";

export const TEXTS = {
  title: { zh: "反映问题", en: "Report a problem" },
  other: { zh: "English", en: "中文" },
  loading: { zh: "请稍候…", en: "One moment…" },
  danger: { zh: "有人受伤、着火或闻到燃气味？请先拨打 110、119 或 120。", en: "Is anybody hurt, is there fire or a smell of gas? Call 110, 119 or 120 first." },
  what: { zh: "哪里不对？", en: "What is wrong?" },
  words: { zh: "请简单说一说", en: "Tell us in a few words" },
  wordsHint: { zh: "例如：三号楼门口，从昨晚开始。请不要写姓名和电话。", en: "For example: at the door of building 3, since last night. Please leave out names and phone numbers." },
  photos: { zh: "照片（可不加）", en: "Photos (if you like)" },
  addPhoto: { zh: "加照片", en: "Add a photo" },
  photo: { zh: "照片 {n}", en: "Photo {n}" },
  removePhoto: { zh: "删除照片 {n}", en: "Remove photo {n}" },
  noPicture: { zh: "这个文件打不开，请换一张照片。", en: "This file cannot be opened; please choose another photo." },
  send: { zh: "提交", en: "Send" },
  sending: { zh: "正在提交…", en: "Sending…" },
  sendingPhoto: { zh: "正在发送照片 {n}/{all}…", en: "Sending photo {n} of {all}…" },
  chooseWhat: { zh: "请先选哪里不对。", en: "Please choose what is wrong." },
  writeWords: { zh: "请写几个字。", en: "Please write a few words." },
  data: { zh: "您的信息", en: "What happens with it" },
  data1: { zh: "不用登录，不问姓名和电话。", en: "No login; nobody asks your name or number." },
  data2: { zh: "只保存您写的内容和照片；照片里的拍摄地点和时间会先去掉。", en: "We keep what you write and the photos; where and when they were taken is removed first." },
  data3: { zh: "社区的工作人员会看到。为防止刷屏，网络地址只以编码形式计数，一天后删除。", en: "The people who work for the community see it. To stop floods, the network address is counted in a scrambled form and deleted after a day." },
  when: { zh: "什么时候有回音？", en: "When do you hear of it?" },
  when1: { zh: "紧急的马上派人。其他的由工作人员先看，一般在上班时间。", en: "What is urgent goes out at once. The rest is looked at first, in working hours as a rule." },
  when2: { zh: "提交后会得到编号，用这台手机随时可以查进度。", en: "You get a number, and can look it up on this phone at any time." },
  thanks: { zh: "谢谢，已收到", en: "Thank you, it has arrived" },
  number: { zh: "编号", en: "Number" },
  urgentSent: { zh: "这是紧急事项，已经派人。如有危险，请离开并拨打 110、119 或 120。", en: "This is urgent; people have been sent. If there is danger, leave and call 110, 119 or 120." },
  photosFailed: { zh: "内容已收到，但有 {n} 张照片没有传上。", en: "Your report has arrived, but {n} photos have not." },
  again: { zh: "再试一次", en: "Try again" },
  look: { zh: "查看进度", en: "See what becomes of it" },
  copy: { zh: "复制查询链接", en: "Copy the link" },
  copied: { zh: "已复制", en: "Copied" },
  one: { zh: "再反映一个问题", en: "Report something else" },
  mine: { zh: "从这台手机反映的", en: "Reported from this phone" },
  received: { zh: "已收到，等待工作人员查看", en: "Received; somebody looks at it first" },
  on_the_way: { zh: "已安排处理", en: "People have been told to see to it" },
  done: { zh: "已处理完", en: "Done" },
  declined: { zh: "已答复", en: "Answered" },
  known: { zh: "之前已有人反映，您的内容已补充进去。", en: "Somebody had reported it before; yours has been added." },
  steps: { zh: "进度", en: "How far it is" },
  sentAt: { zh: "提交：{time}", en: "Sent: {time}" },
  changedAt: { zh: "最近更新：{time}", en: "Last change: {time}" },
  nPhotos: { zh: "照片：{n} 张", en: "Photos: {n}" },
  reload: { zh: "刷新", en: "Refresh" },
  noPlace: { zh: "没有找到这个二维码对应的设施", en: "This code stands for nothing that we know" },
  noPlaceText: { zh: "标牌可能旧了。请拨打 12345，或告诉社区工作人员。", en: "The sign may be out of date. Please call 12345, or tell somebody of the community." },
  noReport: { zh: "查不到这个编号", en: "This report cannot be found" },
  noReportText: { zh: "请用提交时的那台手机，或完整的查询链接打开。", en: "Please use the phone that sent it, or the whole link." },
  tooMany: { zh: "这里刚收到很多反映。请等 {wait} 再点“提交”，您写的内容会保留。有危险请先拨打 110、119 或 120。", en: "Many reports have just come from here. Please wait {wait} and press “Send” again; what you wrote stays. In danger call 110, 119 or 120 first." },
  minutes: { zh: "{n} 分钟", en: "{n} min" },
  seconds: { zh: "{n} 秒", en: "{n} s" },
  away: { zh: "没有网络，还没有提交。您写的内容会保留，请在有网络时再点“提交”。", en: "There is no network; it has not been sent. What you wrote stays; press “Send” again when there is." },
  trouble: { zh: "系统暂时有问题，还没有提交。请稍后再点“提交”，或拨打 12345。", en: "Something is wrong on our side; it has not been sent. Press “Send” again later, or call 12345." },
  cannotLoad: { zh: "现在打不开，请检查网络后再试。", en: "It cannot be opened now; check the network and try again." },
  staff: { zh: "工作人员：用我的账号上报", en: "Staff: report with my account" },
} as const;
export type Key = keyof typeof TEXTS;

export function fill(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** How long to wait, in words; rounded up, so that nobody comes too early. */
export function waitWords(seconds: number, language: Language): string {
  return seconds < 90 ? fill(TEXTS.seconds[language], { n: Math.max(1, Math.ceil(seconds)) }) : fill(TEXTS.minutes[language], { n: Math.ceil(seconds / 60) });
}
