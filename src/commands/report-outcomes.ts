/** What a refresh did, for programs: the shape that `-o json` and `-o yaml` print. */
import type { Outcome } from '../refresh/outcome.ts'
import { reportFault } from './report-fault.ts'

export interface RefreshReport {
  readonly dryRun: boolean
  readonly outcomes: readonly object[]
}

export function reportOutcomes(outcomes: readonly Outcome[], mode: 'write' | 'dry-run'): RefreshReport {
  return {
    dryRun: mode === 'dry-run',
    outcomes: outcomes.map(({ fault, result, registries, serviceAccounts, ...outcome }) => ({
      ...outcome,
      result: asDone(result, mode),
      registries: registries.map(({ fault: registryFault, ...registry }) => ({
        ...registry,
        ...reportFault(registryFault),
      })),
      ...(serviceAccounts && {
        serviceAccounts: serviceAccounts.map(({ fault: accountFault, result: attached, ...account }) => ({
          ...account,
          result: asDone(attached, mode),
          ...reportFault(accountFault),
        })),
      }),
      ...reportFault(fault),
    })),
  }
}

/** In the words of the table: a dry run did nothing of it. */
function asDone(result: string, mode: 'write' | 'dry-run'): string {
  if (mode === 'write') return result
  return { written: 'would write', attached: 'would attach' }[result] ?? result
}
