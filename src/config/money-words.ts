/** The part of the manual about money; it stands below the table of the group 'Text messages'. */
export const MONEY_WORDS = `### What texts can cost

Each text has a price by its country: from the shipped table (\`src/limits/budget/prices.yaml\`, estimates in USD, rounded
up), or from yours in \`SMS_PRICES_FILE\`, in the same form and in any currency. The price is counted *before* the text is
sent, over all instances, on five caps at once, or on none; what was never handed to a carrier is taken off again. A text
goes out only when it fits below every cap, so the day (00:00 to 24:00 UTC) ends at or below them, to the millionth.

| Cap | Counts the texts | Stops |
| --- | --- | --- |
| \`number\` | to one number | somebody who is flooded with codes |
| \`prefix\` | to 10,000 neighbouring numbers (all but the last four digits) | pumping through a rented block of numbers |
| \`client\` | for one application | one application that spends everybody's money |
| \`country\` | to one country | pumping through one country |
| \`all\` | all of them | everything: it is the most that a day can cost |

**To set it** for N sign-ins by text a day: \`all\` = N × price × 1.3 (some people ask for a second text). \`country\` and
\`client\` = the same for the largest of each, never more than \`all\`. \`number\` = about five texts to your dearest country.
Keep \`prefix\` small, unless the numbers of a whole company stand in one row: then its people × price. For 1000 sign-ins a
day in Germany at 0.11: \`SMS_COUNTRIES=DE\` and \`SMS_BUDGET="all:150 country:150 client:150"\`. Where one text costs more
than a cap, none can go there; the start says so. What you leave out keeps its default, which is small: at 0.11, some 90
texts a day to one country and for one application, 18 to one prefix, 4 to one number.

**The worst case** is the least of \`all\` and the number of \`SMS_COUNTRIES\` × \`country\`. It is printed at start, and is
the metric \`doorward_sms_worst_case\`: no more is reached whatever happens, as long as the prices in the table are not lower
than yours. Two days meet at midnight: within some 24 hours it may be spent twice. Mails cost nothing here.

**People you know.** A browser that has signed in with a number before has a \`number\` cap of its own, and where the
breaker closes out strangers it works for its text instead: nobody can use up another person's texts.

**At a cap** no more texts go out that way until midnight UTC; the page says so and leads to email. When the counters
cannot be reached, nothing is sent. \`SMS_BUDGET=all:0\` and a restart stop all texts.

**What was spent** today is \`doorward_sms_spend\`; set an alert on its share of \`doorward_sms_spend_cap\`. At 80 % of
\`all\`, or of a country's cap, the log warns once a day. \`doorward_sms_refusals_total\` says which cap refused how many.

**The breaker** looks at texts of this hour and the one before, by country (from \`SMS_RATIO_TEXTS\` texts on) and by prefix
(from half as many): how many of their codes were typed? Half of \`SMS_RATIO_TEXTS\` are left out of the texts sent, for
people who are still typing. Below \`SMS_PROOF_BELOW\` percent the next ones ask for a proof of work, below
\`SMS_CLOSE_BELOW\` people are led to email. It opens by itself: at once when codes are typed after all; else, from the next
hour on, it lets a text go now and then behind a proof of work (a country one in five minutes, a prefix one in fifteen), and
all of them once the hour of the bad texts and the one after it are over. It asks and does not count: of requests that come
at the same moment several pass where one may. It slows pumping down; what bounds the money are the caps. If many people
sign in at the same minute, set \`SMS_RATIO_TEXTS\` to twice as many as come at once. See \`doorward_sms_proven_ratio\` and
\`doorward_sms_gated_total\`.
`
