/** The narrow views of one part that another part needs: parts meet here, never as whole components. */

/** The database as Harbor sees it: inside the cluster. */
export interface DatabaseEndpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly passwordSecret: string;
}

/** The bucket as Harbor sees it: on its own site's gateways. */
export interface BucketAccess {
  readonly bucket: string;
  readonly region: string;
  readonly endpoint: string;
}
