// notices: what people are told by mail and text about their own account, and the way to object; and that they are invited. It owns the notice, its token
// and the words' values; it does not own the words (text), how a mail goes (delivery), nor what an objection takes back
// (selfservice). Nothing that opens anything is stored: the token is derived from the notice's id.
// Table: notice. Routes of the links: /account/notice/:token, and /n/:token where letters are dear. Requirements.

export type { NoticeKind } from '../text/index.ts'
export { createInvitationMail, type InvitationMail, type InvitationMailDeps } from './invitation-mail.ts'
export type { Notice, NoticeStore } from './notice.ts'
export { createNotices, type Notices, type NoticesDeps, type ToTell } from './notices.ts'
