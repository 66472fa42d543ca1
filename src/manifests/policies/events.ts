/**
 * Which Events an account may create: those that src/kubernetes/objects/events.ts writes, of its own part of pullpass, about objects that
 * it works on, in namespaces where it works on them. An account that RBAC permits to create Events may create any, such as those of the kubelet.
 */
import { pullSecretType } from '../../document/custom-resource.ts'
import { type Document, defaultKeyStateRef, type NamespacedName } from '../../document/document.ts'
import { type Account, controllerName, type InstallTarget, type ResourceLimits } from '../manifest.ts'
import {
  type AdmissionPolicy,
  celAny,
  celList,
  celText,
  choiceInCel,
  namespaceLabels,
  outsideOfSystem,
  ownedByNothing,
} from './admission-policy.ts'
import { evictionConditions } from './evictions.ts'

/** For an account that reports nothing. */
export const noEventsPolicy = ({ name }: Account): AdmissionPolicy => ({
  about: 'events',
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  resource: 'events',
  rules: [{ expression: 'false', message: `${name} may not write Events` }],
})

/** `keyStates`: of the publications that it keeps up to date, as `issuer watch` does. */
export const controllerEventsPolicy = (
  documents: readonly Document[],
  { namespace }: Pick<InstallTarget, 'namespace'>,
  resources: ResourceLimits | undefined,
  keyStates: readonly NamespacedName[],
): AdmissionPolicy =>
  eventsPolicy('pullpass', keyStates.length > 0 ? ['controller', 'issuer'] : ['controller'], {
    objects: [
      ...documents.map(({ secretName, namespaces }) => isAbout('Secret', [secretName], choiceInCel(namespaces))),
      ...(resources === undefined ? [] : [isAbout('Secret', resources.secretNames, outsideOfSystem)]),
      isAbout('Lease', [controllerName], inNamespace(namespace)),
      ...keyStates.map((one) => isAbout('ConfigMap', [one.name], inNamespace(one.namespace))),
      ...evictionConditions(documents, resources).map((condition) => `${about}.kind == 'Pod' && ${condition}`),
      ...(resources?.tenants === undefined ? [] : [aboutPullSecrets]),
    ],
    named:
      'its pull secrets in the namespaces of its documents, its Lease, PullSecrets, its key state, and pods that it may evict',
  })

/** For issuer watch and issuer serve. */
export const issuerEventsPolicy = ({ namespace, name }: Account): AdmissionPolicy =>
  eventsPolicy(name, ['issuer'], {
    objects: [isAbout('ConfigMap', [defaultKeyStateRef.name], inNamespace(namespace))],
    named: 'its key state',
  })

const about = 'object.involvedObject'

const isAbout = (kind: string, names: readonly string[], where: string): string =>
  `${about}.kind == ${celText(kind)} && ${about}.name in ${celList(names)} && ${where}`

const inNamespace = (namespace: string): string => `request.namespace == ${celText(namespace)}`

/** The API server refuses one about an object of another namespace. */
const aboutPullSecrets = `${about}.?apiVersion.orValue('').startsWith('${pullSecretType.group}/') && ${about}.kind == ${celText(pullSecretType.kind)} && ${outsideOfSystem}`

interface Subjects {
  /** Expressions, any of which is true. */
  readonly objects: readonly string[]
  /** For the message. */
  readonly named: string
}

const eventsPolicy = (
  account: string,
  components: readonly string[],
  { objects, named }: Subjects,
): AdmissionPolicy => ({
  about: 'events',
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  resource: 'events',
  variables: [namespaceLabels],
  rules: [
    { expression: "request.operation == 'CREATE'", message: `${account} may not change or delete Events` },
    {
      expression: celAny(
        components.map(
          (one) =>
            `object.?source.?component.orValue('') == 'pullpass-${one}' && object.?reportingComponent.orValue('') == 'pullpass.dev/${one}'`,
        ),
      ),
      message: `${account} may create only Events of its own component`,
    },
    { expression: celAny(objects), message: `${account} may create only Events about ${named}` },
    { expression: '!has(object.related)', message: `${account} may not relate an Event to a further object` },
    { expression: ownedByNothing, message: `${account} may not set finalizers or ownerReferences of an Event` },
  ],
})
