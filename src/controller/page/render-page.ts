/** Renders the status page: HTML without scripts, whose lists and texts are bounded. Every name in it is text of others. */
import { fixOf } from '../../errors/pullpass-error.ts'
import { relativeTime } from '../../terminal/table.ts'
import { Html, html } from '../../text/html.ts'
import { rfc3339 } from '../../text/time.ts'
import type { ActivityPart } from '../report/activity.ts'
import type { CurrentFailure } from '../report/current-failures.ts'
import type { PageCredential, PageDocument, PageFacts } from './page-facts.ts'
import { pageStyle } from './page-style.ts'

/** Written by this program, so it is not escaped: the Content-Security-Policy has the hash of exactly this text. */
const trustedStyle = new Html(pageStyle)

const maxDocuments = 100
const maxFailures = 20
const maxHosts = 5
const maxNames = 5
const maxTextLength = 500

export function renderPage(facts: PageFacts): string {
  const { at, role, documents } = facts
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${titleOf(facts)}</title>
<style>${trustedStyle}</style>
</head>
<body>
<main>
<h1>pullpass controller</h1>
${renderState(facts)}
${renderProblems(facts)}
${role === 'leader' ? [renderDocuments(documents, at), renderRemaining(documents), renderLastHour(facts.lastHour)] : []}
</main>
<p class="quiet">As of ${rfc3339(at)}. Reload the page for the present state.</p>
</body>
</html>
`
  return page.markup
}

const isGood = ({ problems, failures, documents, tenants }: PageFacts): boolean =>
  problems.length === 0 &&
  failures.length === 0 &&
  documents.every(({ selected, fresh }) => selected === fresh) &&
  areTenantsGood(tenants)

const areTenantsGood = ({ desired, fresh, invalid }: PageFacts['tenants']): boolean =>
  fresh === desired && invalid === 0

function titleOf(facts: PageFacts): string {
  if (facts.role === 'standby') return 'Standby: pullpass controller'
  return `${isGood(facts) ? 'All fresh' : 'Problems'}: pullpass controller`
}

function renderState(facts: PageFacts): Html {
  const { role, lease, documents, tenants, queue } = facts
  if (role === 'standby') {
    return html`<p class="state">Standby</p>
<p>Another replica leads, and knows what is fresh: the holder of Lease ${text(lease ?? '')}.</p>`
  }
  const sum = (count: (document: PageDocument) => number) => documents.reduce((total, one) => total + count(one), 0)
  const [fresh, selected] = [sum((one) => one.fresh), sum((one) => one.selected)]
  const work = queue.depth === 0 ? 'Nothing is queued' : `${queue.depth} queued, for ${seconds(queue.oldestMs)} at most`
  const state =
    documents.length === 0
      ? 'No ClusterPullSecret is used'
      : `${fresh} of ${selected} pull ${selected === 1 ? 'secret is' : 'secrets are'} fresh`
  return html`<p class="state ${isGood(facts) ? 'good' : 'bad'}">${state}</p>
${renderTenants(tenants)}
<p class="quiet">${lease === undefined ? 'The only replica' : `Leader by Lease ${text(lease)}`}. ${work}.</p>`
}

/** Each has a status, which its tenant reads. */
function renderTenants(tenants: PageFacts['tenants']): Html {
  const { desired, fresh, invalid } = tenants
  if (desired + invalid === 0) return html``
  const others = invalid === 0 ? '' : `, ${invalid} invalid`
  const state = `PullSecrets of tenants: ${fresh} of ${desired} fresh${others}.`
  return html`<p class="${areTenantsGood(tenants) ? 'good' : 'bad'}">${state}</p>`
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`

function renderProblems({ at, problems, failures }: PageFacts): Html {
  if (problems.length + failures.length === 0) return html``
  const [shown, hidden] = [failures.slice(0, maxFailures), failures.length - maxFailures]
  const hiddenProblems = problems.length - maxFailures
  return html`<h2>Problems</h2>
<ul>
${problems.slice(0, maxFailures).map((problem) => html`<li>${text(problem)}</li>\n`)}${shown.map((failure) => renderFailure(failure, at))}</ul>
${hiddenProblems > 0 ? html`<p class="quiet">And ${hiddenProblems} other problems: see the log.</p>` : ''}${hidden > 0 ? html`<p class="quiet">And ${hidden} other causes: see the log.</p>` : ''}`
}

function renderFailure({ fault, since, subjects }: CurrentFailure, at: Date): Html {
  const fix = fixOf(fault)
  return html`<li><strong class="bad">${fault.code}</strong> (${fault.hop}), first seen ${relativeTime(since, at)}${subjects === 1 ? '' : `, ${subjects} affected`}: ${text(fault.seen)}${fault.expected === undefined ? '' : html`<br><span class="quiet">expected ${text(fault.expected)}</span>`}${fix === undefined ? '' : html`<br><span class="quiet">fix: ${text(fix)}</span>`}</li>
`
}

function renderDocuments(documents: readonly PageDocument[], at: Date): Html {
  const hidden = documents.length - maxDocuments
  return html`<h2>Documents</h2>
${documents.length === 0 ? html`<p>There are none.</p>` : ''}${documents.slice(0, maxDocuments).map((document) => renderDocument(document, at))}${hidden > 0 ? html`<p class="quiet">And ${hidden} more.</p>` : ''}`
}

function renderDocument(document: PageDocument, at: Date): Html {
  const { name, secretName, selected, fresh, notFresh, credentials } = document
  const more = notFresh.length > maxNames ? `, and ${notFresh.length - maxNames} more` : ''
  const others = notFresh.length === 0 ? '' : ` Not in: ${text(notFresh.slice(0, maxNames).join(', '))}${more}.`
  return html`<section>
<h3>${text(name)}</h3>
<p class="${fresh === selected ? 'good' : 'bad'}">Secret <code>${text(secretName)}</code> is fresh in ${fresh} of ${selected} ${selected === 1 ? 'namespace' : 'namespaces'}.${others}</p>
${credentials.map((credential) => renderCredential(credential, at))}</section>
`
}

function renderCredential(credential: PageCredential, at: Date): Html {
  const { registry, hosts, expiresAt, dueAt, earlier } = credential
  const more = hosts.length > maxHosts ? `, and ${hosts.length - maxHosts} more` : ''
  const named = html`<strong>${text(registry)}</strong> <span class="quiet">${text(hosts.slice(0, maxHosts).join(', '))}${more}</span>`
  const former = earlier === undefined ? '' : html`<p class="bad">${ofEarlierForm(earlier, at)}</p>\n`
  if (expiresAt === undefined) {
    return html`<div class="credential">${named}${earlier === undefined ? html`<p class="bad">No namespace has an entry.</p>` : former}</div>\n`
  }
  const isOver = expiresAt <= at
  const expiry = `${isOver ? 'Expired' : 'Expires'} ${relativeTime(expiresAt, at)}, at ${rfc3339(expiresAt)}`
  const due = dueAt === undefined ? '' : dueAt <= at ? '; its refresh is due' : `; refresh ${relativeTime(dueAt, at)}`
  return html`<div class="credential">${named}
${renderLifetime(credential, at, expiry + due)}
<p class="${isOver ? 'bad' : 'quiet'}">${expiry}${due}.</p>${former}</div>
`
}

const ofEarlierForm = ({ namespaces, expiresAt }: NonNullable<PageCredential['earlier']>, at: Date): string =>
  `${namespaces === 1 ? '1 namespace has' : `${namespaces} namespaces have`} an entry of an earlier form of the document, valid until ${rfc3339(expiresAt)}, ${relativeTime(expiresAt, at)}.`

/** The whole lifetime: what is over, what is left, and a mark at the refresh point. */
function renderLifetime({ obtainedAt, dueAt, expiresAt }: PageCredential, at: Date, label: string): Html {
  if (obtainedAt === undefined || expiresAt === undefined || expiresAt <= obtainedAt) return html``
  const lifeMs = expiresAt.getTime() - obtainedAt.getTime()
  const share = (time: Date) => percent((time.getTime() - obtainedAt.getTime()) / lifeMs)
  const over = share(at)
  return html`<svg role="img" aria-label="${label}"><rect class="track" width="100%" height="100%"/><rect class="${over === 100 ? 'over' : 'left'}" x="${over === 100 ? 0 : over}%" width="${over === 100 ? 100 : 100 - over}%" height="100%"/>${dueAt === undefined ? '' : html`<rect class="due" x="${share(dueAt)}%" width="4" height="100%"/>`}</svg>`
}

/** From 0 to 100, to a tenth. */
const percent = (share: number): number => Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10

const minuteMs = 60_000
const remainingRanges = [
  { title: '0 to 10 min', belowMs: 10 * minuteMs },
  { title: '10 to 20 min', belowMs: 20 * minuteMs },
  { title: '20 to 40 min', belowMs: 40 * minuteMs },
  { title: '40 to 60 min', belowMs: 60 * minuteMs },
  { title: '1 to 3 h', belowMs: 180 * minuteMs },
  { title: '3 to 12 h', belowMs: 720 * minuteMs },
  { title: '12 h or more', belowMs: Number.POSITIVE_INFINITY },
] as const
const notValid = 'absent or expired'

function renderRemaining(documents: readonly PageDocument[]): Html {
  const counts = new Map<string, number>(
    [notValid, ...remainingRanges.map(({ title }) => title)].map((title) => [title, 0]),
  )
  for (const { remainingMs } of documents) {
    for (const ms of remainingMs) {
      const isValid = ms !== undefined && ms > 0
      const title = isValid ? (remainingRanges.find(({ belowMs }) => ms < belowMs)?.title ?? notValid) : notValid
      counts.set(title, (counts.get(title) ?? 0) + 1)
    }
  }
  const most = Math.max(1, ...counts.values())
  return html`<h2>Time to expiry, by namespace</h2>
<dl class="rows">
${[...counts].map(([title, count]) => renderRow(title, `${count}`, count / most, title === notValid ? 'over' : 'left'))}</dl>
`
}

function renderLastHour(lastHour: readonly ActivityPart[]): Html {
  const most = Math.max(1, ...lastHour.map(({ counts }) => counts.write))
  return html`<h2>The last hour</h2>
<p class="quiet">Pull secrets written, by this replica; exchanges and failures where there are any.</p>
<dl class="rows">
${lastHour.map(({ from, counts: { write, exchange, failure } }) => {
  const others = [exchange === 0 ? '' : `, ${exchange} exchanged`, failure === 0 ? '' : `, ${failure} failed`].join('')
  return renderRow(rfc3339(from).slice(11, 16), `${write} written${others}`, write / most, 'left')
})}</dl>
`
}

function renderRow(title: string, count: string, share: number, style: 'left' | 'over'): Html {
  return html`<dt>${title}</dt><dd><svg aria-hidden="true"><rect class="track" width="100%" height="100%"/><rect class="${style}" width="${percent(share)}%" height="100%"/></svg></dd><dd class="count">${count}</dd>
`
}

const text = (words: string): string => (words.length > maxTextLength ? `${words.slice(0, maxTextLength)}…` : words)
