/** The steps to another issuer, numbered, with what each sets and runs, to be pasted. */
import type { PlanStep } from '../../issuer/change/issuer-change.ts'
import type { IssuerPlan } from '../../issuer/change/plan-issuer-change.ts'
import { plainText } from '../../outside/plain-text.ts'

export function renderPlan({ change, steps, mind }: IssuerPlan): string {
  const lines = [
    `From ${change.from} to ${change.to}:`,
    ...steps.flatMap((step, at) => ['', ...renderStep(step, at + 1)]),
    ...(mind.length > 0 ? ['', ...mind.map((one) => `mind: ${one}`)] : []),
  ]
  return plainText(lines.join('\n'))
}

function renderStep({ does, set, run = [], mind = [] }: PlanStep, number: number): string[] {
  const lines = [
    ...(set === undefined ? [] : [`in ${set.where}:`, ...set.text.split('\n').map((line) => `  ${line}`)]),
    ...run.map((command) => `$ ${command}`),
    ...mind.map((one) => `mind: ${one}`),
  ]
  return [`${number}. ${does}`, ...lines.map((line) => `   ${line}`)]
}
