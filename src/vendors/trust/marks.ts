/**
 * Marks: a resource that pullpass created for a cluster begins with the cluster's mark, in its description or, where it has none, in its
 * name. A resource without one belongs to another owner.
 */
import { createHash } from 'node:crypto'
import type { TrustedCluster } from './contract.ts'

type Issuer = Pick<TrustedCluster, 'issuer'>

/** Derived from the issuer, since a cluster can have several names. 12 digits, since descriptions are short. */
export const markOf = ({ issuer }: Issuer): string => `pullpass:${digest(issuer, 12)}`

const digest = (text: string, digits: number) => createHash('sha256').update(text).digest('hex').slice(0, digits)

/** The marks with which a description begins: pullpass writes them there. One that a later text quotes is not a mark. */
export function marksIn(description: string): string[] {
  const words = description.split(/\s+/)
  const end = words.findIndex((word) => !/^pullpass:[0-9a-f]{12}$/.test(word))
  return end === -1 ? words : words.slice(0, end)
}

/** Of a new resource. `longest`: of the vendor, in characters; marks are not cut, since the resource would be that of another owner. */
export function describeMarked(issuers: readonly string[], longest: number): string {
  const marks = issuers.map((issuer) => markOf({ issuer })).join(' ')
  const description = `${marks} pulls images for the cluster of ${issuers.join(' and ')}`
  return description.slice(0, Math.max(longest, marks.length))
}

/** Whether pullpass created it for one of these clusters. */
export const isMarked = (description: string, marks: readonly string[]): boolean =>
  marksIn(description).some((mark) => marks.includes(mark))

/** Of a resource that pullpass did not create for this cluster. */
export function describeOwner(description: string): string {
  const carried = marksIn(description)
  if (carried.length === 0) return 'pullpass did not create it'
  return `pullpass created it for another issuer than this cluster's: its mark is ${carried.join(' ')}`
}

// Names, which have no ":".

/** The name of a resource of a cluster for `purpose`, such as a subject: that many digits of its hash distinguish it from others. */
export const markedName = (mark: string, purpose: string, digits: 12 | 16): string =>
  `${namePrefix(mark)}${digest(purpose, digits)}`

const namePrefix = (mark: string) => `${mark.replace(':', '-')}-`

/** Whether pullpass named it for one of these clusters. */
export const hasMarkedName = (name: string, marks: readonly string[]): boolean =>
  marks.some((mark) => name.startsWith(namePrefix(mark)))
