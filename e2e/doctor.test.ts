/**
 * The command that doctor prints fixes its finding: it is run unchanged by `sh`, with the real kubectl and pullpass, against a
 * real API server. (Commands of gcloud: e2e/clients/gcloud.test.ts.)
 */

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { DoctorFinding } from '../src/commands/output/doctor.ts'
import { cloudFaults } from './doctor/cloud-faults.ts'
import { clusterFaults } from './doctor/cluster-faults.ts'
import { podFaults } from './doctor/pod-faults.ts'
import { type PreparedNamespace, prepareNamespace } from './doctor/prepare-namespace.ts'
import type { RealFault } from './doctor/real-fault.ts'
import { secretFaults } from './doctor/secret-faults.ts'
import { startDoctorSetup } from './doctor/start-doctor-setup.ts'
import { writeFaults } from './doctor/write-faults.ts'
import { withRealPart } from './parts/real-part.ts'

const faults: readonly RealFault[] = [...secretFaults, ...podFaults, ...clusterFaults, ...cloudFaults, ...writeFaults]

async function examine({ setup, file, namespace, system }: PreparedNamespace, fault: RealFault, variables = {}) {
  const pod = fault.allNamespaces ? [] : ['--pod', `${namespace}/web-0`]
  const refresher = fault.refresher === undefined ? [] : ['--service-account', `${system}/pullpass`]
  const argv = ['doctor', '-f', file, ...pod, ...refresher, '-o', 'json']
  const { stdout, stderr, exitCode } = await setup.pullpass(argv, variables)
  assert.equal(stderr, '')
  const { findings }: { findings: DoctorFinding[] } = JSON.parse(stdout)
  const findingsText = findings
    .map((one) => `${one.hop} ${one.result} ${one.code} ${one.about}: ${one.seen}`)
    .join('\n')
  return {
    exitCode,
    findingsText,
    problems: findings.filter(({ result }) => result === 'failed' || result === 'warning'),
  }
}

async function assertFixed(prepared: PreparedNamespace, fault: RealFault): Promise<void> {
  const { problems, findingsText } = await examine(prepared, fault, await fault.variables?.(prepared))
  const first = problems.find(({ result }) => result === (fault.result ?? 'failed'))
  assert.deepEqual([first?.hop, first?.code], [fault.hop, fault.code], findingsText)
  const command = `IMAGE=registry.example.com/pullpass:1.0.0\n${commandFor(first, fault, prepared)}`
  const { sh, shAtTerminal } = prepared.setup
  const ended = await (fault.confirmation === 'terminal' ? shAtTerminal(command) : sh(command))
  assert.equal(ended.exitCode, 0, `${command}\n${ended.stdout}${ended.stderr}`)
  await prepared.awaitPod()
  const after = await examine(prepared, fault, await fault.variables?.(prepared))
  assert.deepEqual(
    after.problems.map(({ result, code }) => [result, code]),
    fault.remainingWarning === undefined ? [] : [['warning', fault.remainingWarning]],
    after.findingsText,
  )
  assert.equal(after.exitCode, 0)
}

/** The printed command; or a command that does what the printed instruction describes. */
function commandFor(
  first: DoctorFinding | undefined,
  { command, instruction, manualCommand }: RealFault,
  prepared: PreparedNamespace,
): string {
  if (command !== undefined) {
    assert.match(first?.command ?? '', command)
    return first?.command ?? ''
  }
  assert.ok(instruction && manualCommand, 'the fault states no expected fix')
  assert.equal(first?.command, undefined)
  assert.match(first?.fix ?? '', instruction)
  return manualCommand(prepared)
}

interface JobList {
  readonly items: readonly { readonly metadata: { readonly name: string } }[]
}

await withRealPart('an API server, its controllers and kubectl', startDoctorSetup, (setup) => {
  suite('the command that doctor prints, run unchanged by sh and the real kubectl, fixes it:', () => {
    for (const [index, fault] of faults.entries()) {
      test(fault.title, async () => {
        const prepared = await prepareNamespace(setup, `case-${index}`, fault.options)
        await fault.inject(prepared)
        await assertFixed(prepared, fault)
      })
    }

    test('a run that times out while a webhook does not respond reports the hop and the webhook', async () => {
      const prepared = await prepareNamespace(setup, 'case-slow')
      await writeFaults.find(({ code }) => code === 'ADMISSION_UNAVAILABLE')?.inject(prepared)
      const { stdout, exitCode } = await setup.sh(`pullpass doctor -f ${prepared.file} --timeout 8s`)
      await setup.succeed('kubectl delete validatingwebhookconfiguration case-slow')
      assert.equal(exitCode, 1)
      assert.match(stdout, /^secret +ok /m)
      assert.match(stdout, /^TIMED_OUT \(write\): \S+: no response in time to the dry run of Secrets: /m)
      assert.match(stdout, /case-slow\.example\.com \(ValidatingWebhookConfiguration case-slow\), or give it longer/)
    })

    test('outside the cluster it runs the installed CronJob, whose pod has the token (there is no kubelet to run the pod)', async () => {
      const { system, namespace, file } = await prepareNamespace(setup, 'case-laptop', {
        installed: 'by manifests',
        token: 'of the pod',
      })
      await setup.succeed(`kubectl delete secret regcred -n ${namespace}`)
      const { stdout } = await setup.sh(`pullpass doctor -f ${file} --service-account ${system}/pullpass -o json`, {
        PULLPASS_TOKEN_FILE: '',
      })
      const { firstFailure: first }: { firstFailure: DoctorFinding } = JSON.parse(stdout)
      assert.equal(first.code, 'SECRET_NOT_FOUND', stdout)
      await setup.succeed(first.command ?? '')
      const { items }: JobList = JSON.parse(await setup.succeed(`kubectl get jobs -n ${system} -o json`))
      assert.match(items[0]?.metadata.name ?? '', /^pullpass-manual-\d+$/)
    })

    test('a controller that runs in another namespace is named by its Lease, and the command shows what its removal deletes', async () => {
      const {
        system,
        file,
        namespace: other,
      } = await prepareNamespace(setup, 'case-twice', { installed: 'by manifests' })
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'pullpass-controller', namespace: other },
        spec: { holderIdentity: 'forgotten', renewTime: new Date().toISOString().replace('Z', '000Z') },
      }
      await setup.succeed(`echo '${JSON.stringify(lease)}' | kubectl create -f -`)
      const { stdout } = await setup.sh(`pullpass doctor -f ${file} --service-account ${system}/pullpass -o json`)
      await setup.succeed(`kubectl delete lease pullpass-controller -n ${other}`)
      const { findings }: { findings: readonly DoctorFinding[] } = JSON.parse(stdout)
      const twice = findings.find(({ code }) => code === 'REFRESH_TWICE')
      assert.match(twice?.seen ?? '', new RegExp(`Lease ${other}/pullpass-controller \\(forgotten\\)$`))
      assert.equal(twice?.command, `pullpass uninstall -n ${other} --dry-run`)
      await setup.succeed(twice?.command ?? '')
    })
  })
})
