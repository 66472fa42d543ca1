/** Flags of pullpass manifests for the Pod, with the names and syntax of kubectl. */
import { isIP } from 'node:net'
import { brokenRule, type TextRule } from '../../document/field-rules.ts'
import { labelKey, labelName, labelValue, objectName } from '../../document/kubernetes-names.ts'
import { showValue } from '../../document/show-value.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { checkNoProxy, parseHttpProxy } from '../../http/proxy.ts'
import type { Authorities, InstallTarget, PodProxy, PodSettings, Toleration } from '../../manifests/manifest.ts'
import { parseSchedule, type Schedule } from '../../manifests/schedule.ts'
import { parseImageReference } from '../../registry/image-reference.ts'
import { type Flag, type FlagValues, usageFault } from '../command-line/flag.ts'

type Text = Flag & { type: 'string' }
type Texts = Text & { multiple: true }

export const podFlags: {
  readonly image: Text
  readonly namespace: Text
  readonly schedule: Text
  readonly labels: Texts
  readonly 'node-selector': Texts
  readonly toleration: Texts
  readonly 'https-proxy': Text
  readonly 'no-proxy': Text
  readonly 'ca-configmap': Text
  readonly 'api-server-port': Texts
  readonly 'no-network-policy': Flag & { type: 'boolean' }
} = {
  image: {
    type: 'string',
    value: 'IMAGE',
    summary: 'Container image (required), such as registry.example.com/pullpass:1.0.0',
  },
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    rule: labelName,
    summary: 'Namespace of the installation (default pullpass-system)',
  },
  schedule: {
    type: 'string',
    value: 'CRON',
    summary: 'Schedule in cron format, at least two runs per credential lifetime (default: every 15 minutes)',
  },
  labels: {
    type: 'string',
    multiple: true,
    value: 'KEY=VALUE,…',
    summary: 'Labels of all objects and Pods; repeatable',
  },
  'node-selector': {
    type: 'string',
    multiple: true,
    value: 'KEY=VALUE,…',
    summary: 'Node labels that the Pods require; repeatable',
  },
  toleration: {
    type: 'string',
    multiple: true,
    value: 'KEY[=VALUE][:EFFECT]',
    summary: 'Taint that the Pods tolerate, in the syntax of kubectl taint; repeatable',
  },
  'https-proxy': { type: 'string', value: 'URL', summary: 'HTTPS_PROXY of the Pods, for clouds and registries' },
  'no-proxy': { type: 'string', value: 'HOST,…', summary: 'NO_PROXY of the Pods' },
  'ca-configmap': {
    type: 'string',
    value: 'NAME[/KEY]',
    summary: 'ConfigMap with certificate authorities (default key ca.crt), instead of --ca-file',
  },
  'api-server-port': {
    type: 'string',
    multiple: true,
    value: 'PORT',
    summary:
      'API server port for the NetworkPolicy; repeatable (default: those of the cluster of --context or --kubeconfig, else 443, 6443)',
  },
  'no-network-policy': { type: 'boolean', summary: 'Omit the NetworkPolicy' },
}

/** A path on a node, which scripts contain without quotes. */
export const plainPath: TextRule = {
  pattern: /^(?:\/(?!\.)[\w.-]+){2,}$/,
  maxLength: 200,
  expected: 'an absolute path of two or more names of letters, digits, "_", "." and "-", such as /opt/pullpass',
}

const systemNamespace = /^(?:default|openshift|(?:kube|openshift)-.*)$/

/** The manifests contain the Namespace, with Pod security labels that apply to all of its Pods. @throws USAGE_INVALID */
export function refuseSystemNamespace(command: string, namespace: string): void {
  if (!systemNamespace.test(namespace)) return
  throw usageFault(
    command,
    `--namespace is ${namespace}, a namespace of the cluster itself`,
    'a namespace for pullpass only: its Namespace object sets the Pod security level of every Pod in it',
  )
}

export interface PodFlags {
  readonly installTarget: InstallTarget
  readonly settings: Omit<PodSettings, 'authorities' | 'networkPolicy'>
  readonly caConfigMap: Extract<Authorities, { configMap: string }> | undefined
  /** `undefined`: not given. */
  readonly apiServerPorts: readonly number[] | 'no NetworkPolicy' | undefined
}

type Given = FlagValues<typeof podFlags>

/** @throws USAGE_INVALID */
export function readPodFlags(given: Given): PodFlags {
  const ports = given['api-server-port'].map(readPort)
  if (ports.length > 0 && given['no-network-policy'])
    throw invalid(
      '--api-server-port is given with --no-network-policy',
      'ports for the NetworkPolicy, or no NetworkPolicy',
    )
  return {
    installTarget: { namespace: given.namespace ?? 'pullpass-system', image: readImage(given.image) },
    settings: {
      schedule: given.schedule === undefined ? undefined : readSchedule(given.schedule),
      labels: readLabels('labels', given.labels),
      nodeSelector: readLabels('node-selector', given['node-selector']),
      tolerations: given.toleration.map(readToleration),
      proxy: readProxy(given['https-proxy'], given['no-proxy']),
    },
    caConfigMap: given['ca-configmap'] === undefined ? undefined : readConfigMapKey(given['ca-configmap']),
    apiServerPorts: given['no-network-policy'] ? 'no NetworkPolicy' : ports.length > 0 ? ports : undefined,
  }
}

const invalid = (seen: string, expected: string) => usageFault('manifests', seen, expected)
const badValue = (flag: string, value: string, expected: string) =>
  invalid(`--${flag} is ${showValue(value)}`, expected)

/** `instead`: what can be given in its place. */
export function readImage(image: string | undefined, command = 'manifests', instead?: string): string {
  const expected = 'an image that the cluster can pull, such as registry.example.com/pullpass:1.0.0'
  if (image === undefined)
    throw usageFault(command, '--image is not given', instead === undefined ? expected : `${expected}; ${instead}`)
  if (parseImageReference(image) === undefined) throw usageFault(command, `--image is ${showValue(image)}`, expected)
  return image
}

function readSchedule(text: string): Schedule {
  const schedule = parseSchedule(text)
  if ('expected' in schedule) throw badValue('schedule', text, schedule.expected)
  return schedule
}

/** As kubectl's --labels: KEY=VALUE, separated by commas. */
function readLabels(flag: 'labels' | 'node-selector', texts: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const text of texts.flatMap((one) => one.split(','))) {
    const [, key = '', value] = /^([^=]+)=(.*)$/.exec(text) ?? []
    const expected = value === undefined ? 'KEY=VALUE' : (brokenRule(labelKey, key) ?? brokenRule(labelValue, value))
    if (value === undefined || expected !== undefined) throw badValue(flag, text, expected ?? 'KEY=VALUE')
    if (Object.hasOwn(labels, key)) throw invalid(`--${flag} names ${showValue(key)} twice`, 'one value for each label')
    if (flag === 'labels' && reserved.test(key))
      throw badValue(flag, text, 'a label that pullpass does not set itself: it finds its objects by them')
    labels[key] = value
  }
  return labels
}

/** Selectors and uninstall use the first ones; the API server sets kubernetes.io/metadata.name. */
const reserved =
  /^(app\.kubernetes\.io\/(name|component|managed-by)|kubernetes\.io\/metadata\.name|pod-security\.kubernetes\.io\/.*)$/

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const

function readToleration(text: string): Toleration {
  const [, key = '', value, effect] = /^([^=:]+)(?:=([^:]*))?(?::(.*))?$/.exec(text) ?? []
  const known = effects.find((one) => one === effect)
  const expected = brokenRule(labelKey, key) ?? (value === undefined ? undefined : brokenRule(labelValue, value))
  if (expected !== undefined) throw badValue('toleration', text, `KEY[=VALUE][:EFFECT], with ${expected}`)
  if (effect !== undefined && known === undefined)
    throw badValue('toleration', text, `KEY[=VALUE][:EFFECT], where EFFECT is one of ${effects.join(', ')}`)
  return {
    key,
    ...(value === undefined ? { operator: 'Exists' } : { operator: 'Equal', value }),
    ...(known && { effect: known }),
  }
}

function readProxy(text: string | undefined, noProxy: string | undefined): PodProxy | undefined {
  if (text === undefined && noProxy !== undefined)
    throw invalid('--no-proxy is given without --https-proxy', 'both, or neither')
  if (text === undefined) return undefined
  const url = text.includes('://') ? text : `http://${text}`
  const { host, port, authorization } = proxyOf(url)
  if (!/^https?:\/\/[^/]*\/?$/.test(url)) throw invalid('--https-proxy has a path', 'http://HOST:PORT')
  if (authorization !== undefined)
    throw invalid(
      '--https-proxy contains a user or password, not shown',
      'a proxy URL without them: they would be visible in the CronJob',
    )
  if (noProxy !== undefined && !/^[\w.:*/[\], -]{1,4096}$/.test(noProxy))
    throw badValue('no-proxy', noProxy, 'hosts, domains, addresses and networks, separated by commas')
  if (noProxy !== undefined) checkNoProxy(noProxy, '--no-proxy')
  return { url, address: isIP(host) === 0 ? undefined : host, port, noProxy }
}

function proxyOf(url: string): ReturnType<typeof parseHttpProxy> {
  try {
    return parseHttpProxy({ url, source: '--https-proxy' })
  } catch (error) {
    if (error instanceof PullpassError) throw invalid(error.seen, error.expected ?? '')
    throw error
  }
}

function readConfigMapKey(text: string): NonNullable<PodFlags['caConfigMap']> {
  const [, configMap = '', key = 'ca.crt'] = /^([^/]+)(?:\/(.+))?$/.exec(text) ?? []
  const expected = brokenRule(objectName, configMap)
  if (expected === undefined && /^[-._a-zA-Z0-9]{1,253}$/.test(key)) return { configMap, key }
  throw badValue('ca-configmap', text, expected ?? 'NAME/KEY, with letters, digits, "-", "_" and "." in KEY')
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw badValue('api-server-port', text, 'a port, such as 6443')
}
