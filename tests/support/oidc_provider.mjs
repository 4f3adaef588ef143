// A real OpenID provider (npm `oidc-provider`) on the loopback, for tests of logins.
//
//   node oidc_provider.mjs FOLDER PORT CALLBACK...
//
// FOLDER is where npm installed the package. Logins are answered by its own development forms: whoever types a name is
// that person. People and what is said of them are below; tokens of programs are JWTs for the audience they ask for.
import { createRequire } from 'node:module';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, port, ...callbacks] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);
const issuer = `http://127.0.0.1:${port}`;
const PEOPLE = {
  'subject-ada': { name: 'Ada of the Clinic', email: 'Ada@Clinic.example', email_verified: true, org: 'The Clinic Ltd', groups: ['science', 'chess'] },
  'subject-bob': { name: 'Bob', email: 'bob@clinic.example', email_verified: false, org: 'The Clinic Ltd', groups: ['science'] },
  'subject-new': { name: 'Nina New', preferred_username: 'Nina.New@clinic.example', email: 'nina@clinic.example', email_verified: true, org: 'The Clinic Ltd', groups: ['stewards'] },
  'subject-odd': { name: 'Otto Odd', email: 'otto@clinic.example', email_verified: true, org: 'Elsewhere', groups: ['science'] },
  'subject-idle': { name: 'Ida Idle', email: 'ida@clinic.example', email_verified: true, org: 'The Clinic Ltd', groups: ['chess'] },
};
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' };

const provider = new Provider(issuer, {
  jwks: { keys: [key] },
  clients: [
    { client_id: 'fedpact', client_secret: 'a secret: of & the hub', redirect_uris: callbacks, grant_types: ['authorization_code'], response_types: ['code'] },
    { client_id: 'pipeline', client_secret: 'of-the-pipeline', redirect_uris: [], grant_types: ['client_credentials'], response_types: [] },
  ],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'], federation: ['org', 'groups'] },
  scopes: ['openid', 'profile', 'email', 'federation'],
  pkce: { required: () => true },
  findAccount: (_, id) => PEOPLE[id] && { accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) },
  extraTokenClaims: () => ({ org: 'The Clinic Ltd', groups: ['science'] }),
  ttl: { ClientCredentials: 60 },
  cookies: { keys: ['for tests only'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:somebody:else',
      getResourceServerInfo: (_, resource) => ({ scope: '', audience: resource, accessTokenFormat: 'jwt' }),
    },
  },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
