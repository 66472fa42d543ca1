/** pullpass issuer show: a cluster's issuer as it is, who can use it, and the way to another. Exits 1 on a key that is served nowhere. */
import { issuerUrl } from '../../document/field-rules.ts'
import { type Detection, detectDistribution, readClusterTraits } from '../../issuer-change/cluster-traits.ts'
import { type DistributionName, distributions } from '../../issuer-change/distributions.ts'
import {
  anyIssuer,
  checkNewIssuer,
  type IssuerChange,
  type IssuerPlan,
  planIssuerChange,
} from '../../issuer-change/plan.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { checkIssuerUrl, vendorOfIssuer } from '../../oidc/issuer-url.ts'
import { openPublicContext } from '../../oidc/public/public-facts.ts'
import { issuerVerifiers, verifierNames } from '../../vendors/vendor.ts'
import type { Command } from '../command.ts'
import { type Choice, type Flag, usageFault } from '../flag.ts'
import { clusterFlags, outputFlags } from '../flags.ts'
import { renderResult } from '../output.ts'
import { accountFlag, memoryFlag, readAccountFlag, readMemoryFlag } from './flags.ts'
import { renderShow, showResult, type WayToIssuer } from './show-report.ts'
import { isVerifiable, surveyIssuer } from './survey.ts'

const flags: typeof clusterFlags &
  typeof memoryFlag &
  typeof accountFlag &
  typeof outputFlags & {
    readonly 'to-issuer': Flag & { type: 'string' }
    readonly distribution: Choice<DistributionName>
  } = {
  ...memoryFlag,
  'to-issuer': {
    type: 'string',
    value: 'URL',
    rule: issuerUrl,
    summary: 'Print the steps from the present issuer to this one',
  },
  distribution: {
    type: 'string',
    value: 'NAME',
    choices: [...distributions.keys()],
    summary: 'Whose settings the steps name (default: as the cluster is recognized)',
  },
  ...accountFlag,
  ...outputFlags,
  ...clusterFlags,
}

export const show: Command<typeof flags> = {
  summary: "Show the cluster's issuer, the clouds that can use it, and the steps to change it",
  usage: ['issuer show [flags]'],
  details: [
    "Reads the issuer's two documents from the cluster, requests a token, and looks at the issuer's URL as a stranger does.",
    'The mode says who publishes: publish (pullpass may), verify only (the vendor does: EKS, GKE, AKS, Gardener), or stand',
    'down (another tool does, and is not overwritten). A change of issuer takes two roll-outs, or running workloads are',
    'locked out: with --to-issuer, and where the present one exists inside the cluster alone, the steps are printed, with',
    'what each has to set. Exits 1 where a fresh token is signed by a key that the cluster does not serve.',
    '',
    'Examples:',
    '  pullpass issuer show',
    '  pullpass issuer show --to-issuer https://oidc.example.com/cluster-1 --distribution kubeadm-v1beta4',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run({ flags: wanted, context, terminal }) {
    const account = readAccountFlag(wanted['service-account'], 'issuer show')
    const memory = readMemoryFlag(wanted.memory, 'issuer show')
    checkIssuerFlag(wanted['to-issuer'])
    const verifiers = await issuerVerifiers(context.vendors, verifierNames(context.vendors))
    const cluster = await connect(wanted, context)
    try {
      const survey = await surveyIssuer(cluster, { account, memory, verifiers }, openPublicContext(context))
      const way = await findWay(cluster, survey.issuer, wanted)
      terminal.print(
        wanted.output === undefined
          ? renderShow(survey, way, terminal.color)
          : await renderResult(showResult(survey, way), wanted.output),
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

/** Undefined where no change of issuer is asked for; why there are no steps, where some are. @throws USAGE_INVALID */
async function findWay(
  cluster: Cluster,
  from: string,
  wanted: { readonly 'to-issuer': string | undefined; readonly distribution: DistributionName | undefined },
): Promise<WayToIssuer | string | undefined> {
  const asked = wanted['to-issuer']
  if (asked === from)
    throw usageFault('issuer show', `--to-issuer is the issuer that the cluster has: ${from}`, 'another')
  const vendor = vendorOfIssuer(from)
  if (vendor !== undefined && asked !== undefined)
    return `No steps to ${asked}: ${vendor} publishes the present issuer, and lets nobody change it.`
  if (vendor === undefined && (asked !== undefined || checkIssuerUrl(from, 'it') !== undefined)) {
    return await findSteps(cluster, { from, to: asked ?? anyIssuer }, wanted.distribution)
  }
  return wanted.distribution === undefined
    ? undefined
    : 'No steps: --distribution says whose settings they name, and the issuer to go to is not given: --to-issuer URL.'
}

async function findSteps(
  cluster: Cluster,
  change: IssuerChange,
  distribution: DistributionName | undefined,
): Promise<WayToIssuer> {
  const detection: Detection =
    distribution === undefined
      ? detectDistribution(await readClusterTraits(cluster))
      : { names: [distribution], by: '--distribution' }
  return { change, detection, plan: planOf(detection, change) }
}

function planOf({ names }: Detection, change: IssuerChange): IssuerPlan | undefined {
  const [name, ...others] = names
  const distribution = name === undefined || others.length > 0 ? undefined : distributions.get(name)
  return distribution === undefined ? undefined : planIssuerChange(distribution, change)
}
