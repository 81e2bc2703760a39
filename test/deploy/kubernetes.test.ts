import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import manifest from '../../package.json' with { type: 'json' }
import { readConfig } from '../../src/node/config.ts'

const text = readFileSync(new URL('../../deploy/kubernetes/tokenbus.yaml', import.meta.url), 'utf8')
const documents = parseAllDocuments(text)
// biome-ignore lint/suspicious/noExplicitAny: a manifest is what it is.
const objects: any[] = documents.map((document) => document.toJS())
const [deployment, budget, service] = objects
const pod = deployment.spec.template.spec
const [container] = pod.containers

it('the manifests are valid, and select the same pods', () => {
  expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([])
  expect(objects.map(({ kind }) => kind)).toEqual(['Deployment', 'PodDisruptionBudget', 'Service'])
  const { labels } = deployment.spec.template.metadata
  expect(deployment.spec.selector.matchLabels).toEqual(labels)
  expect(budget.spec.selector.matchLabels).toEqual(labels)
  expect(service.spec.selector).toEqual(labels)
})

it('a pod may be evicted at any time, and drains first', () => {
  expect(deployment.spec.replicas).toBeGreaterThan(budget.spec.minAvailable)
  expect(deployment.spec.strategy.rollingUpdate.maxUnavailable).toBe(0)
  expect(pod.terminationGracePeriodSeconds).toBe(90)
  expect(container.livenessProbe.httpGet).toEqual({ path: '/livez', port: 'http' })
  expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' })
  expect(container.image).toBe(`tokenbus:${manifest.version}`)
})

it('a pod has no privileges and a read-only root', () => {
  expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } })
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
})

it('secrets are read from mounted files, by variables that exist', () => {
  const [secrets, spool] = container.volumeMounts
  const keys = [...text.matchAll(/--from-literal=([a-z-]+)=/g)].map(
    ([, key]) => `${secrets.mountPath}/${key}`,
  )
  const values = container.env.map(({ value }: { value: string }) => value.replace('file:', ''))
  expect(values).toEqual(keys)
  const known = Object.fromEntries(container.env.map(({ name }: { name: string }) => [name, 'given']))
  expect(readConfig(known, 'serve')).toMatchObject({ keys: 'given', natsUrl: 'given', redisUrl: 'given' })
  expect(pod.volumes.map(({ name }: { name: string }) => name)).toEqual([secrets.name, spool.name])
  expect(spool.mountPath).toBe('/var/lib/tokenbus')
})
