/** pullpass issuer show: a cluster's issuer, the clouds that can use it, and the steps to change it. Exits 1 if the signing key is not served. */
import { issuerUrl } from '../../document/field-rules.ts'
import { type DistributionName, distributions } from '../../issuer-change/distributions.ts'
import { checkNewIssuer } from '../../issuer-change/plan.ts'
import { planForCluster } from '../../issuer-change/plan-for-cluster.ts'
import { connect } from '../../kubernetes/connect.ts'
import { openPublicContext } from '../../oidc/public/public-facts.ts'
import { isVerifiable, surveyIssuer } from '../../publish/survey.ts'
import { issuerVerifiers, verifierNames } from '../../vendors/vendor.ts'
import type { Command } from '../command-line/command.ts'
import { type Choice, type Flag, usageFault } from '../command-line/flag.ts'
import { clusterFlags, outputFlags } from '../command-line/flags.ts'
import { renderResult } from '../command-line/output.ts'
import { accountFlag, keyStateFlag, readAccountFlag, readKeyStateFlag } from './flags.ts'
import { renderShow, showResult } from './show-report.ts'

const flags: typeof clusterFlags &
  typeof keyStateFlag &
  typeof accountFlag &
  typeof outputFlags & {
    readonly 'to-issuer': Flag & { type: 'string' }
    readonly distribution: Choice<DistributionName>
  } = {
  ...keyStateFlag,
  'to-issuer': {
    type: 'string',
    value: 'URL',
    rule: issuerUrl,
    summary: 'New issuer: print the steps to change to it',
  },
  distribution: {
    type: 'string',
    value: 'NAME',
    choices: [...distributions.keys()],
    summary: 'Distribution of the cluster, for the steps (default: detected)',
  },
  ...accountFlag,
  ...outputFlags,
  ...clusterFlags,
}

export const show: Command<typeof flags> = {
  usage: ['issuer show [flags]'],
  details: [
    'Reads the issuer metadata of the cluster, requests a token, and reads the public issuer metadata without credentials.',
    'The mode states who publishes: publish (pullpass can), verify-only (the vendor of the cluster does) or external',
    '(another tool does, and is not overwritten). A change of issuer takes two roll-outs, or running workloads are locked',
    'out. The steps are printed with --to-issuer, or if the present issuer is only reachable in the cluster. Exits 1 if a',
    'new token is signed by a key that the cluster does not serve.',
    '',
    'Examples:',
    '  pullpass issuer show',
    '  pullpass issuer show --to-issuer https://oidc.example.com/cluster-1 --distribution kubeadm-v1beta4',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run({ flags: given, context, terminal }) {
    const account = readAccountFlag(given['service-account'], 'issuer show')
    const keyStateRef = readKeyStateFlag(given['key-state'], 'issuer show')
    checkIssuerFlag(given['to-issuer'])
    const verifiers = await issuerVerifiers(context.vendors, verifierNames(context.vendors))
    const cluster = await connect(given, context)
    try {
      const survey = await surveyIssuer(cluster, { account, keyStateRef, verifiers }, openPublicContext(context))
      const { 'to-issuer': to, distribution } = given
      if (to === survey.issuer)
        throw usageFault('issuer show', `--to-issuer is the present issuer of the cluster: ${to}`, 'another issuer')
      const { issuer: from, managedService } = survey
      const clusterPlan = await planForCluster(cluster, { from, managedService, to, distribution })
      terminal.print(
        given.output === undefined
          ? renderShow(survey, clusterPlan, terminal.color)
          : await renderResult(showResult(survey, clusterPlan), given.output, context.secrets),
      )
      return isVerifiable(survey) ? 0 : 1
    } finally {
      await cluster.close()
    }
  },
}

/** Before the cluster is contacted. @throws USAGE_INVALID */
function checkIssuerFlag(issuer: string | undefined): void {
  const unusable = issuer === undefined ? undefined : checkNewIssuer(issuer, '--to-issuer')
  if (unusable !== undefined) throw usageFault('issuer show', unusable.seen, unusable.expected)
}
