/** The changes as commands of the vendor's command-line tool, for operators who apply them themselves. */

import { plainText } from '../text/plain-text.ts'
import { hashComment } from '../vendors/hcl.ts'
import { describeMissing, type TrustFinding } from '../vendors/trust-contract.ts'

/** A script for sh: the functions that it calls, then one command for each change; comments name resources without a command. */
export function renderCommands(findings: readonly TrustFinding[]): string {
  const scripts = findings.flatMap(({ changes }) => changes.map(({ script }) => script))
  const functions = [...new Set(scripts.flatMap((script) => script.functions))]
  const comments = whyLeftOut(findings)
  const body =
    scripts.length > 0
      ? scripts.map(({ line }) => plainLineOf(line))
      : [comments.length > 0 ? '# Nothing can be done by commands.' : '# No changes are required.']
  return ['#!/bin/sh', 'set -eu', ...comments, ...functions, ...body].join('\n')
}

/** Each distinct error, and what is not created because of them. */
export const whyLeftOut = (findings: readonly TrustFinding[]): string[] => {
  const comments = findings.flatMap(({ fault, kind, name, verdict, missingNeeds = [] }) => {
    if (fault !== undefined) return [hashComment(fault.message)]
    const isBlocked = verdict === 'blocked'
    return isBlocked ? [hashComment(`${kind} ${name} is not created: blocked by ${describeMissing(missingNeeds)}`)] : []
  })
  return [...new Set(comments)]
}

/** U+0001 separates the items of a list where an item contains a comma: it stays, other control characters do not. */
const plainLineOf = (line: string): string => line.split('\u0001').map(plainText).join('\u0001')
