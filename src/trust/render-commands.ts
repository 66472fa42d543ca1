/** What is missing as commands of the vendor's own, for those who apply it themselves. */
import type { Finding } from './finding.ts'
import { hashComment } from './hash-comment.ts'

/** A script for sh, one command a change; comments name what nobody can do by a command. */
export function renderCommands(findings: readonly Finding[]): string {
  const faults = findings.flatMap(({ fault }) => (fault === undefined ? [] : [hashComment(fault.message)]))
  const commands = findings.flatMap(({ changes }) => changes.map(({ command }) => command))
  const body = commands.length === 0 ? ['# Nothing is missing.'] : commands
  return ['#!/bin/sh', 'set -eu', ...faults, ...body].join('\n')
}
