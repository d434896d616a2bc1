// The sluice.yaml that `sluice init` writes.

/** Its text. `schema` is where an editor finds the schema; without it the line is left out. */
export function starter(schema: string | undefined): string {
  const head = schema === undefined ? "" : `# yaml-language-server: $schema=${schema}\n`;
  return `${head}${TEXT}`;
}

const TEXT = `# A gateway for AI traffic. sluice validate checks this file, sluice run starts it, sluice render istio takes it to a mesh.
listen: 127.0.0.1:8080

upstreams:
  openai:
    provider: openai
    credentials: { env: OPENAI_API_KEY } # read by Envoy, never written down
  llama:
    url: http://127.0.0.1:8000

routes:
  # Testers and VIPs get the new model's server.
  - name: testing
    match: { headers: { x-testing: "true" } }
    to: [{ upstream: llama }]
  - name: vip
    match: { tiers: [vip] }
    to: [{ upstream: openai }]
  # One call in ten for this model goes to the canary.
  - name: canary
    match: { models: ["gpt-4o-mini*"] }
    to:
      - { upstream: openai, weight: 90 }
      - { upstream: llama, weight: 10 }
  - name: rest
    to: [{ upstream: openai }]

filters:
  trustedHeaders: [x-user-tier, x-testing]
  modelTag:
    tier:
      - { when: { headers: { x-user-tier: vip } }, value: vip }
`;
