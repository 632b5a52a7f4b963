// text: every sentence and every page — languages, messages, the typed table of views, the template engine.
// It owns: views/*.liquid, views/mail, views/locales, and what stands in them; text messages too, and their alphabet.
// It decides nothing: a page says what its props say. It knows no table and no route; where assets live it is told.
// Specs: RFC 4647 §3.4 (lookup of languages), BCP 47, WCAG 2.2 (language and direction of a page), 3GPP TS 23.038
// (alphabet of text messages), "Origin-bound one-time codes delivered via SMS" (WICG).
export { createText, type Text } from './create-text.ts'
export type {
  AppView,
  Channel,
  CodeField,
  FormView,
  MailName,
  Mails,
  MessageView,
  RefusedWhy,
  Sms,
  SmsName,
  ViewName,
  Views,
} from './views.ts'
