/**
 * The federation of a robot: the issuers and subjects whose tokens sign in as it, compared exactly, with case and trailing slash. A
 * request replaces the list: it is read immediately before, and the entries of others stay. An entry cannot carry a mark, so it is
 * recorded in the cluster.
 * https://github.com/quay/quay: endpoints/api/robot.py, util/security/federated_robot_auth.py
 */
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import { UnexpectedResponse } from '../../../http/send.ts'
import { accountOf } from '../../../identity/service-account.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import { type Accepted, type RecordEntry, type RemovalPlan, recordKey, trustRefused } from '../../trust/contract.ts'
import { whyFormer } from '../../trust/findings.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { curlWords, requestTrust, type TokenRequest } from '../../trust/token-api.ts'
import { type DesiredEntry, type DesiredRobot, entryResource, robotPath, robotResource } from './desired.ts'
import { apiOf } from './requests.ts'

export interface FoundEntry extends DesiredEntry {
  /** Names of further fields: Quay's verification knows `audiences`, and its API drops them from a list that is sent. */
  readonly further: readonly string[]
}

const federationPath = (robot: DesiredRobot) => `${robotPath(robot)}/federation`

/** @throws TRUST_REFUSED if the robot does not exist, RESPONSE_MALFORMED, … */
export async function readFederation(context: Context, robot: DesiredRobot): Promise<FoundEntry[]> {
  return await requestTrust(context, apiOf(robot), { method: 'GET', path: federationPath(robot) }, (body) => {
    if (!Array.isArray(body)) throw new UnexpectedResponse('it is not a list of issuers and subjects')
    return body.map(readEntry)
  })
}

/** An entry that cannot be read would be lost when the list is replaced. */
function readEntry(item: unknown): FoundEntry {
  const { issuer, subject, ...further } = asObject(item) ?? {}
  const [ofIssuer, ofSubject] = [asText(issuer), asText(subject)]
  if (ofIssuer === undefined || ofSubject === undefined || ofIssuer.length + ofSubject.length > longestEntry)
    throw new UnexpectedResponse('it contains an entry without a valid issuer and subject')
  return { issuer: ofIssuer, subject: ofSubject, further: Object.keys(further) }
}

const longestEntry = 8192

export const isSame = (one: DesiredEntry, other: DesiredEntry): boolean =>
  one.issuer === other.issuer && one.subject === other.subject

export const describeEntry = ({ issuer, subject }: DesiredEntry): string => `${subject} of ${issuer}`

/** Also of an issuer that differs only in the case of its host or in a trailing slash: no other cluster publishes its keys there. */
export const isOfClusters = ({ clusters }: DesiredRobot, { issuer }: DesiredEntry): boolean =>
  clusters.some((one) => normalized(one.issuer) === normalized(issuer))

const normalized = (issuer: string) => (URL.parse(issuer)?.href ?? issuer).replace(/\/$/, '')

/** `found`: all entries; none if the robot does not exist. Pure. */
export function evaluateEntry(
  entry: DesiredEntry,
  { desired, found }: { readonly desired: DesiredRobot; readonly found: readonly FoundEntry[] },
  { replace }: Accepted,
  context: Context,
): VendorFinding {
  const isFirst = entry === desired.entries[0] // with which former entries are reported
  const former = found.filter((one) => isOfClusters(desired, one) && !desired.entries.some((own) => isSame(own, one)))
  const removed = replace.includes('subjects') ? former : []
  const present = found.find((one) => isSame(one, entry))
  const isPresent = present !== undefined
  const earlier = desired.entries
    .slice(0, desired.entries.indexOf(entry))
    .filter((own) => !found.some((one) => isSame(one, own)))
  const kept = found.filter((one) => !removed.includes(one))
  const changes = [
    ...(isPresent ? [] : [createChange(entry, desired, [...(isFirst ? found : kept), ...earlier, entry], context)]),
    ...(isFirst && removed.length > 0
      ? [removalChange(removed, desired, isPresent ? kept : [...kept, entry], context)]
      : []),
  ]
  const common = {
    presence: isPresent ? 'present' : 'absent',
    notes: [
      ...(present === undefined ? [] : describeFurther(present)),
      ...(isFirst && removed.length === 0 ? former.map((one) => describeFormer(one, desired)) : []),
    ],
    kept: isFirst && removed.length < former.length ? ['subjects'] : [],
  } as const
  const fault = changes.length === 0 ? undefined : whyNotReplaced(desired, kept)
  if (fault !== undefined) return { ...common, verdict: 'refused', fault }
  return { ...common, verdict: changes.length === 0 ? 'ok' : isPresent ? 'update' : 'create', changes }
}

/** What `audiences` is for: the API does not set it. */
const describeFurther = (entry: FoundEntry): string[] =>
  entry.further.includes('audiences')
    ? [`the entry for ${describeEntry(entry)} accepts only tokens with one of its audiences`]
    : []

function describeFormer(entry: FoundEntry, { clusters, subjectsFrom }: DesiredRobot): string {
  if (!clusters.some(({ issuer }) => issuer === entry.issuer))
    return `the robot also has an entry for ${describeEntry(entry)}, which is not exactly the issuer of the cluster: it accepts no token of it; remove it: --replace subjects`
  return `${describeEntry(entry)} still signs in as the robot, ${whyFormer(subjectsFrom)}`
}

/** Quay drops what it does not know from a list that is sent: the entry of another owner would accept more tokens. */
function whyNotReplaced(desired: DesiredRobot, kept: readonly FoundEntry[]): PullpassError | undefined {
  const other = kept.find(({ further }) => further.length > 0)
  if (other === undefined) return undefined
  return trustRefused(
    `the entry of ${robotResource(desired)} for ${describeEntry(other)} has the further fields ${other.further.join(', ')}`,
    {
      expected: 'entries of issuer and subject alone: Quay may drop other fields when its list is replaced',
      hint: 'name another robot in quay.robot, or change the federation in the console of Quay',
    },
  )
}

function createChange(
  entry: DesiredEntry,
  desired: DesiredRobot,
  listed: readonly DesiredEntry[],
  context: Context,
): VendorChange {
  const description = `let ${describeEntry(entry)} sign in as ${robotResource(desired)}`
  return changeOf({ action: 'create', description, listed }, desired, async () => {
    await replaceList(context, desired, (current) =>
      current.some((one) => isSame(one, entry)) ? undefined : [...current, entry],
    )
  })
}

function removalChange(
  removed: readonly FoundEntry[],
  desired: DesiredRobot,
  listed: readonly DesiredEntry[],
  context: Context,
): VendorChange {
  const description = `${removed.map(describeEntry).join(' and ')} no longer signs in as ${robotResource(desired)}`
  return changeOf({ action: 'delete', description, listed }, desired, async () => {
    await removeEntries(context, desired, removed)
  })
}

interface ListChange extends Pick<VendorChange, 'action' | 'description'> {
  /** All entries after it, for the command. */
  readonly listed: readonly DesiredEntry[]
}

/** Others may have changed the list since: `apply` reads it again. */
const changeOf = (
  { listed, ...change }: ListChange,
  desired: DesiredRobot,
  apply: () => Promise<void>,
): VendorChange => ({
  ...change,
  byTerraform: 'no resource',
  words: curlWords(apiOf(desired), replacing(desired, listed)),
  apply,
})

const replacing = (desired: DesiredRobot, entries: readonly DesiredEntry[]): TokenRequest => ({
  method: 'POST',
  path: federationPath(desired),
  json: entries.map(({ issuer, subject }) => ({ issuer, subject })),
})

const removeEntries = async (context: Context, desired: DesiredRobot, removed: readonly DesiredEntry[]) =>
  await replaceList(context, desired, (current) => {
    const kept = current.filter((one) => !removed.some((other) => isSame(one, other)))
    return kept.length === current.length ? undefined : kept
  })

/** `change`: undefined if nothing changes. */
async function replaceList(
  context: Context,
  desired: DesiredRobot,
  change: (current: readonly FoundEntry[]) => readonly (DesiredEntry | FoundEntry)[] | undefined,
): Promise<void> {
  const current = await readFederation(context, desired)
  const entries = change(current)
  if (entries === undefined) return
  const fault = whyNotReplaced(
    desired,
    current.filter((one) => entries.includes(one)),
  )
  if (fault !== undefined) throw fault
  await requestTrust(context, apiOf(desired), replacing(desired, entries), () => undefined)
}

export const entryRecord = (desired: DesiredRobot, entry: DesiredEntry): RecordEntry => {
  const { issuer, subject } = entry
  return {
    key: recordKey('federation', entryResource(desired, entry)),
    text: JSON.stringify({ robot: robotResource(desired), issuer, subject }),
    namespaces: [accountOf(subject)?.namespace ?? []].flat(),
  }
}

/** Whether pullpass added it is recorded. */
export function planEntryRemoval(
  entry: DesiredEntry,
  { desired, found }: { readonly desired: DesiredRobot; readonly found: readonly FoundEntry[] },
  context: Context,
): RemovalPlan {
  if (!found.some((one) => isSame(one, entry))) return { state: 'absent' }
  const fault = whyNotReplaced(
    desired,
    found.filter((one) => !isSame(one, entry)),
  )
  if (fault !== undefined) return { state: 'kept', note: fault.seen }
  return {
    state: 'removable',
    async remove() {
      await removeEntries(context, desired, [entry])
      return undefined
    },
  }
}
