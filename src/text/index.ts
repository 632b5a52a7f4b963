// text: every sentence and every page — languages, messages, the typed table of views, the template engine.
// It owns: views/*.liquid, views/mail, views/locales, and what stands in them; text messages too, and their alphabet.
// It decides nothing: a page says what its props say. It knows no table and no route; where assets live it is told.
// Specs: RFC 4647 §3.4 (lookup of languages), BCP 47, WCAG 2.2 (language and direction of a page), 3GPP TS 23.038
// (alphabet of text messages), "Origin-bound one-time codes delivered via SMS" (WICG).
export type {
  AccountPlace,
  AccountSaid,
  AccountShell,
  AccountViews,
  ActivityRow,
  AddressRow,
  ConfirmQuestion,
  FactorRow,
} from './account-views.ts'
export type { AuditLine, Choice, ConsoleLogViews, ConsoleMessage, PlotView } from './console-log-views.ts'
export type { ConsolePeopleViews, PersonEvent, PersonLine, PersonQuestion } from './console-people-views.ts'
export type { ConsoleEntry, ConsoleShell } from './console-shell.ts'
export type {
  ChangeRow,
  ClaimRow,
  ClientKind,
  ClientRow,
  ClientSource,
  ClientState,
  ConsoleClientViews,
  ConsoleFaultKind,
  ConsoleViews,
  FieldView,
  PagerView,
  SecretRow,
  SectionView,
  Snippet,
} from './console-views.ts'
export { createText, type Text } from './create-text.ts'
export type { ContactView, HelpViews } from './help-views.ts'
export type { MailName, Mails, NoticeKind, Sms, SmsName } from './mails.ts'
export type { AppView, Channel, CodeField, FormView, MessageView, PasskeyFormView, RefusedWhy, WayView } from './parts.ts'
export type { RescueBanner, RescueLine, RescueViews, RescueWays, SpanView } from './rescue-views.ts'
export { NO_THEME, readTheme, type Theme, ThemeFault } from './theme.ts'
export type { ViewName, Views } from './views.ts'
