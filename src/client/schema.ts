/*
 * Made of the OpenAPI document by `npm run client`; not to be edited.
 */

export interface paths {
    "/api/v1/onboarding/temp-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A trial key, for anyone; it is shown once, here */
        post: operations["mintTrialKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/onboarding/temp-key/{key_prefix}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a trial key by the beginning of its secret */
        delete: operations["revokeTrialKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/apikey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The key that is sent: what it is, and what is left of its limits */
        get: operations["showOwnKey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/apikey/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the requests of the key that is sent came to, by hour or by day */
        get: operations["showOwnKeyUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/apikey/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Rotate the key that is sent; its new secret is shown once, here */
        post: operations["rotateOwnKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/apikey/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Revoke the key whose secret is sent, for good: whatever its state, its role and its addresses */
        post: operations["revokeOwnKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Whether a request with this key may pass; it counts as one that the gateway forwards */
        post: operations["verifyKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/account": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The account of this session: plan, limits, credits and budget */
        get: operations["showOwnAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change the name or the budget of the account */
        patch: operations["updateOwnAccount"];
        trace?: never;
    };
    "/api/v1/user/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the requests of the account came to, by hour or by day */
        get: operations["showUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The requests with the keys that you see: newest first, or all as NDJSON */
        get: operations["showLogs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/api-keys/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the requests of one key came to, by hour or by day */
        get: operations["showKeyUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/api-keys/{id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The requests with one key: newest first, or all as NDJSON */
        get: operations["showKeyLogs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Members of the account and who is invited, the newest first */
        get: operations["listMembers"];
        put?: never;
        /** Invite an e-mail address, which becomes a member when it accepts; nothing is sent to it */
        post: operations["inviteMember"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/members/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a member with its keys or without, take an invitation back, or leave */
        delete: operations["removeMember"];
        options?: never;
        head?: never;
        /** Give a member another role, and no key of theirs more than it allows */
        patch: operations["changeMember"];
        trace?: never;
    };
    "/api/v1/user/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys, newest first, each with its last use; revoked and expired ones only where they are asked for */
        get: operations["listKeys"];
        put?: never;
        /** Make a key; its secret is shown once, here */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/api-keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A key, with its limits and what is left of them, and its last use */
        get: operations["showKey"];
        put?: never;
        post?: never;
        /** Revoke a key for good, or delete one that was never used */
        delete: operations["removeKey"];
        options?: never;
        head?: never;
        /** Change what a key is called, who may use it, whether it is active, and its limits */
        patch: operations["updateKey"];
        trace?: never;
    };
    "/api/v1/user/api-keys/{id}/deactivate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switch a key off until it is activated */
        post: operations["deactivateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/api-keys/{id}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switch a key on again */
        post: operations["activateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was done in the account, newest first, and the limits that its keys have reached */
        get: operations["showOwnAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Webhook endpoints, newest first */
        get: operations["listWebhooks"];
        put?: never;
        /** Make a webhook endpoint, to which events are sent; its secret is shown once, here */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A webhook endpoint */
        get: operations["showWebhook"];
        put?: never;
        post?: never;
        /** Delete a webhook endpoint, and what was not delivered to it */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /** Change where events are sent and which ones, disable an endpoint or activate it again */
        patch: operations["updateWebhook"];
        trace?: never;
    };
    "/api/v1/user/webhooks/{id}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a webhook endpoint a new secret, which is shown once, here; deliveries are signed with the old one too until its grace period ends */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a test event to a webhook endpoint */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was sent to a webhook endpoint, or is to be, newest first */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/webhooks/{id}/deliveries/{delivery}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A delivery with its attempts: each request and each answer, bodies as far as 4 KB */
        get: operations["showDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/webhooks/{id}/deliveries/{delivery}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a delivery again that has arrived or was given up */
        post: operations["resendDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/api-keys/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a key a new secret, which is shown once, here */
        post: operations["rotateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign this session token out */
        post: operations["signOut"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Accounts, newest first */
        get: operations["listAccounts"];
        put?: never;
        /** Make an account */
        post: operations["createAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An account */
        get: operations["showAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change the name, plan, budget or billing months of an account */
        patch: operations["updateAccount"];
        trace?: never;
    };
    "/admin/v1/accounts/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Suspend an account: from the answer on, none of its keys is admitted */
        post: operations["suspendAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the suspension of an account that is not closed */
        post: operations["resumeAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Close an account for good: all its keys are revoked */
        post: operations["closeAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All that is kept of an account, as NDJSON; its request log has an export of its own */
        get: operations["exportAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Erase whatever tells of persons from an account that is closed; with a cursor, go on */
        post: operations["eraseAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What all keys of an account share, and what is left of it */
        get: operations["showAccountLimits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Members of an account and who is invited */
        get: operations["listAccountMembers"];
        put?: never;
        /** Make a user of the sign-in a member of an account, or invite an e-mail address */
        post: operations["letMemberIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/members/{member}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a member of an account with its keys or without, or take an invitation back */
        delete: operations["removeAccountMember"];
        options?: never;
        head?: never;
        /** Give a member of an account another role, and no key of theirs more than it allows */
        patch: operations["changeAccountMember"];
        trace?: never;
    };
    "/admin/v1/accounts/{id}/members/{member}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All that is kept of a member, as NDJSON: its keys, and what it did */
        get: operations["exportMember"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/members/{member}/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Remove a member, revoke its keys, and erase who it was; with a cursor, go on */
        post: operations["eraseMember"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a key of an account; its secret is shown once, here */
        post: operations["createAccountKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys by what they are, and what their prefix or label starts with; newest first */
        get: operations["searchKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/keys/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Revoke all keys of a set, so many at a time */
        post: operations["revokeKeys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/keys/lookup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Whose key a secret is, and the digest that names its lockout */
        post: operations["lookUpKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A key, with what was counted and its last use */
        get: operations["showAnyKey"];
        put?: never;
        post?: never;
        /** Revoke a key for good, or delete one that was never used */
        delete: operations["removeAnyKey"];
        options?: never;
        head?: never;
        /** Change what a key is called, who may use it, and its limits */
        patch: operations["updateAnyKey"];
        trace?: never;
    };
    "/admin/v1/keys/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Revoke a key, for good: from the answer on, it is admitted nowhere */
        post: operations["revokeAnyKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/keys/{id}/deactivate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switch a key off until it is activated */
        post: operations["deactivateAnyKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/keys/{id}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switch a key on again */
        post: operations["activateAnyKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/keys/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a key a new secret, which is shown once, here */
        post: operations["rotateAnyKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/imports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Bring in keys of another system with the secrets that they have, one a line; sent again it doubles nothing */
        post: operations["importKeys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/imports/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far an import is: which chunks were answered, and what their lines came to */
        get: operations["showImport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/credits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where an account stands, and what led there */
        get: operations["showCredits"];
        put?: never;
        /** Grant credits to an account, or correct them */
        post: operations["grantCredits"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The requests of an account: newest first by page, or all as NDJSON, oldest first */
        get: operations["showAccountLogs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/accounts/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the requests of an account came to, by hour or by day */
        get: operations["showAccountUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/lockouts/{kind}/{subject}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How often an address or a secret was struck, and until when it is locked */
        get: operations["showLockout"];
        put?: never;
        post?: never;
        /** Lift a lock and clear the strikes */
        delete: operations["liftLockout"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How this gateway stands: its stores, what waits, peppers, origins and policy */
        get: operations["showStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What all isolates have counted, in the text format of Prometheus */
        get: operations["showMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/reconcile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** After a restored database: compare a page of keys with their gates, and write the stricter of both */
        post: operations["reconcile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was done, newest first; of one account with the limits that were reached, and calls if the policy says so */
        get: operations["showAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/leaks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys that were found in public, newest first: where, and what was done */
        get: operations["listLeaks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Webhook endpoints, newest first */
        get: operations["listOperatorWebhooks"];
        put?: never;
        /** Make a webhook endpoint, to which events are sent; its secret is shown once, here */
        post: operations["createOperatorWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A webhook endpoint */
        get: operations["showOperatorWebhook"];
        put?: never;
        post?: never;
        /** Delete a webhook endpoint, and what was not delivered to it */
        delete: operations["deleteOperatorWebhook"];
        options?: never;
        head?: never;
        /** Change where events are sent and which ones, disable an endpoint or activate it again */
        patch: operations["updateOperatorWebhook"];
        trace?: never;
    };
    "/admin/v1/webhooks/{id}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a webhook endpoint a new secret, which is shown once, here; deliveries are signed with the old one too until its grace period ends */
        post: operations["rotateOperatorWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a test event to a webhook endpoint */
        post: operations["testOperatorWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was sent to a webhook endpoint, or is to be, newest first */
        get: operations["listOperatorDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/webhooks/{id}/deliveries/{delivery}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A delivery with its attempts: each request and each answer, bodies as far as 4 KB */
        get: operations["showOperatorDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/v1/webhooks/{id}/deliveries/{delivery}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a delivery again that has arrived or was given up */
        post: operations["resendOperatorDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public keys by which assertions are verified; the first one signs */
        get: operations["listAssertionKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/leaks/github": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report tokens that were found in public; what becomes of a key says the policy of its environment */
        post: operations["reportLeaks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The gateway answers; no store is asked */
        get: operations["showHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface webhooks {
    key_created: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A key was made, or brought in from another system.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyCreatedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_updated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Settings of a key were changed: label, role, limits, addresses and so on, or several things at once.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyUpdatedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_deactivated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A key was switched off.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyDeactivatedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_activated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A key was switched on again.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyActivatedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_rotated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A rotation is complete: the key has a new secret, and the one before works until its grace ends.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyRotatedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_revoked: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A key was ended, for good.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyRevokedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_purged: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A key was deleted: one that was never used, or a trial key that is long over.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyPurgedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_leaked: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A secret of the key was found in public. outcome: what is done about it, none where it worked no more.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyLeakedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_expiring: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A key expires soon; before_seconds is the warning that is due.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyExpiringEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_expired: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A key has expired.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyExpiredEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_grace_ended: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The grace of a replaced secret is over: it works no more.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyGraceEndedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_old_secret_used: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A replaced secret of the key was used during its grace; told once for each hour.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyOldSecretUsedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    key_locked: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A secret of the key that works no more was tried so often that it is locked for a while.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onKeyLockedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    quota_warning: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Most of a quota is used.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onQuotaWarningEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    quota_reached: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A quota is used up: further requests are refused.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onQuotaReachedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    credits_low: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The account has few credits left, in millionths.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onCreditsLowEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    credits_exhausted: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The account has no credits left: requests that cost some are refused.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onCreditsExhaustedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    member_removed: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A member was removed, with or without the keys that it had made.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onMemberRemovedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    endpoint_disabled: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * An endpoint gets nothing any more: it has answered 410 (gone), or has only failed for days (failing).
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onEndpointDisabledEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    test: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Somebody asked for a test of this endpoint.
         * @description For the endpoints of the account and of the operator.
         */
        post: operations["onTestEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    ip_locked: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * An address has failed so often that it is locked for a while.
         * @description For the endpoints of the operator.
         */
        post: operations["onIpLockedEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    gate_unavailable: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Nobody could say whether requests may pass; they were refused, or served from the cache where the policy says so.
         * @description For the endpoints of the operator.
         */
        post: operations["onGateUnavailableEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    upstream_unhealthy: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * An origin has failed so often that it is left out for a while.
         * @description For the endpoints of the operator.
         */
        post: operations["onUpstreamUnhealthyEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    outbox_stuck: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Changes have waited for long to be in force everywhere.
         * @description For the endpoints of the operator.
         */
        post: operations["onOutboxStuckEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    dead_letter: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Deliveries were given up: their attempts are used up, or the queue could not hand them over.
         * @description For the endpoints of the operator.
         */
        post: operations["onDeadLetterEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    cron_late: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The cron comes late: what it drives waits meanwhile.
         * @description For the endpoints of the operator.
         */
        post: operations["onCronLateEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        Error: {
            /** @constant */
            type: "about:blank";
            title: string;
            status: number;
            detail: string;
            code: string;
            limits?: string[];
            request_id: string;
        };
        TrialKey: {
            api_key: string;
            /** Format: date-time */
            expires_at: string;
            ops_limit: number;
            message: string;
        };
        OwnKey: {
            id: string;
            account: string;
            prefix: string;
            label: string | null;
            category: string | null;
            environment: string;
            role: string;
            /** @enum {string} */
            status: "active" | "inactive" | "revoked";
            expires_at: string | null;
            grace_period_ends_at: string | null;
            usage: components["schemas"]["Counted"] | null;
        };
        Counted: {
            granted: number;
            used: number;
            unreported: number;
            limits: components["schemas"]["Limit"][];
        };
        Limit: {
            name: string;
            /** @enum {string} */
            unit: "requests" | "micro_credits";
            limit: number;
            remaining: number;
            resets_at: string | null;
        };
        Usage: {
            account: string;
            /** @enum {string} */
            by: "hour" | "day";
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            points: {
                /** Format: date-time */
                starts_at: string;
                requests: number;
                statuses: {
                    [key: string]: number;
                };
                reasons: {
                    [key: string]: number;
                };
                micro: number;
                prompt_tokens: number;
                completion_tokens: number;
                ttfb_ms: {
                    p50: number;
                    p95: number;
                    p99: number;
                } | null;
            }[];
            sums: {
                requests: number;
                statuses: {
                    [key: string]: number;
                };
                reasons: {
                    [key: string]: number;
                };
                micro: number;
                prompt_tokens: number;
                completion_tokens: number;
                ttfb_ms: {
                    p50: number;
                    p95: number;
                    p99: number;
                } | null;
            };
        };
        RotatedKey: {
            new_api_key: string;
            old_key_prefix: string;
            /** Format: date-time */
            grace_period_ends_at: string;
            environment: string;
            id: string;
        };
        Decision: {
            /** @constant */
            valid: true;
            request_id: string;
            role_checked: boolean;
            address_checked: boolean;
            /** @constant */
            explained?: true;
            reasons?: {
                /** @enum {string} */
                reason: "missing_credential" | "malformed" | "unknown" | "revoked" | "inactive" | "expired" | "grace_ended" | "account_suspended" | "role_forbidden" | "address_forbidden" | "address_missing" | "secret_locked" | "ip_locked" | "rate_limited" | "public_rate_limited" | "quota_total" | "quota_daily" | "quota_weekly" | "quota_monthly" | "plan_rate" | "plan_quota" | "credits_exhausted" | "budget_exhausted" | "trial_exhausted" | "trial_mint_limited" | "trial_rotation" | "rotation_refused" | "key_cap" | "user_key_cap" | "creation_limited" | "route_unknown" | "upstream_unreachable" | "upstream_timeout" | "gate_unavailable" | "not_in_force" | "misconfigured" | "session_missing" | "session_invalid" | "session_expired" | "membership_missing" | "admin_missing" | "admin_invalid" | "admin_forbidden" | "signature_invalid" | "body_too_large" | "path_refused" | "request_invalid" | "not_found" | "conflict" | "idempotency_conflict";
                code: string;
                status: number;
                message: string;
                detail?: string;
                retry_after_seconds?: number;
                exceeded?: string[];
            }[];
            lockouts?: {
                address: {
                    strikes: number;
                    locked_until: string | null;
                } | null;
                secret: {
                    strikes: number;
                    locked_until: string | null;
                } | null;
            };
            account: string;
            key_id: string;
            role: string;
            environment: string;
            plan: string;
            user: string | null;
            label: string | null;
            expires_at: string | null;
            grace_period_ends_at: string | null;
            limits: components["schemas"]["LimitLeft"][];
        } | {
            /** @constant */
            valid: false;
            request_id: string;
            role_checked: boolean;
            address_checked: boolean;
            /** @constant */
            explained?: true;
            reasons?: {
                /** @enum {string} */
                reason: "missing_credential" | "malformed" | "unknown" | "revoked" | "inactive" | "expired" | "grace_ended" | "account_suspended" | "role_forbidden" | "address_forbidden" | "address_missing" | "secret_locked" | "ip_locked" | "rate_limited" | "public_rate_limited" | "quota_total" | "quota_daily" | "quota_weekly" | "quota_monthly" | "plan_rate" | "plan_quota" | "credits_exhausted" | "budget_exhausted" | "trial_exhausted" | "trial_mint_limited" | "trial_rotation" | "rotation_refused" | "key_cap" | "user_key_cap" | "creation_limited" | "route_unknown" | "upstream_unreachable" | "upstream_timeout" | "gate_unavailable" | "not_in_force" | "misconfigured" | "session_missing" | "session_invalid" | "session_expired" | "membership_missing" | "admin_missing" | "admin_invalid" | "admin_forbidden" | "signature_invalid" | "body_too_large" | "path_refused" | "request_invalid" | "not_found" | "conflict" | "idempotency_conflict";
                code: string;
                status: number;
                message: string;
                detail?: string;
                retry_after_seconds?: number;
                exceeded?: string[];
            }[];
            lockouts?: {
                address: {
                    strikes: number;
                    locked_until: string | null;
                } | null;
                secret: {
                    strikes: number;
                    locked_until: string | null;
                } | null;
            };
            /** @enum {string} */
            reason: "missing_credential" | "malformed" | "unknown" | "revoked" | "inactive" | "expired" | "grace_ended" | "account_suspended" | "role_forbidden" | "address_forbidden" | "address_missing" | "secret_locked" | "ip_locked" | "rate_limited" | "public_rate_limited" | "quota_total" | "quota_daily" | "quota_weekly" | "quota_monthly" | "plan_rate" | "plan_quota" | "credits_exhausted" | "budget_exhausted" | "trial_exhausted" | "trial_mint_limited" | "trial_rotation" | "rotation_refused" | "key_cap" | "user_key_cap" | "creation_limited" | "route_unknown" | "upstream_unreachable" | "upstream_timeout" | "gate_unavailable" | "not_in_force" | "misconfigured" | "session_missing" | "session_invalid" | "session_expired" | "membership_missing" | "admin_missing" | "admin_invalid" | "admin_forbidden" | "signature_invalid" | "body_too_large" | "path_refused" | "request_invalid" | "not_found" | "conflict" | "idempotency_conflict";
            code: string;
            status: number;
            message: string;
            detail?: string;
            retry_after_seconds?: number;
            exceeded?: string[];
            account?: string;
            key_id?: string;
            role?: string;
            environment?: string;
            plan?: string;
            user?: string | null;
            label?: string | null;
            expires_at?: string | null;
            grace_period_ends_at?: string | null;
            limits?: components["schemas"]["LimitLeft"][];
        };
        LimitLeft: {
            name: string;
            /** @enum {string} */
            unit: "requests" | "micro_credits";
            limit: number;
            remaining: number;
            resets_at: string | null;
            window_seconds: number | null;
        };
        OwnAccount: {
            id: string;
            name: string;
            plan: string;
            /** @enum {string} */
            status: "active" | "suspended";
            budget_micro: number | null;
            /** Format: date-time */
            billing_anchor: string;
            /** Format: date-time */
            created_at: string;
            closed_at: string | null;
            member: {
                id: string;
                role: string;
            };
            limits: components["schemas"]["Counted"] | null;
            credits: components["schemas"]["Balance"] | null;
        };
        Balance: {
            balance_micro: number;
            held_micro: number;
            spent_micro: number;
            unreported_micro: number;
            granted_micro: number;
            month: {
                /** Format: date-time */
                starts_at: string;
                /** Format: date-time */
                ends_at: string;
                spent_micro: number;
                budget_micro: number | null;
            };
        };
        ChangedOwnAccount: {
            id: string;
            name: string;
            plan: string;
            /** @enum {string} */
            status: "active" | "suspended";
            budget_micro: number | null;
            /** Format: date-time */
            billing_anchor: string;
            /** Format: date-time */
            created_at: string;
            closed_at: string | null;
            member: {
                id: string;
                role: string;
            };
            done: string[];
            pending: string[];
            more: boolean;
        };
        LogEntry: {
            request_id: string;
            /** Format: date-time */
            at: string;
            key: string;
            label: string | null;
            category: string | null;
            environment: string;
            method: string;
            path: string;
            status: number;
            reason: string | null;
            ttfb_ms: number;
            bytes: number | null;
            address: string | null;
            country: string | null;
            micro: number;
            prompt_tokens: number;
            completion_tokens: number;
        };
        Person: {
            id: string;
            account: string;
            user: string | null;
            email: string | null;
            role: string;
            /** @enum {string} */
            status: "active" | "invited" | "removed";
            /** Format: date-time */
            since: string;
            removed_at: string | null;
            expires_at: string | null;
        };
        ChangedMember: {
            id: string;
            account: string;
            user: string | null;
            email: string | null;
            role: string;
            /** @enum {string} */
            status: "active" | "invited" | "removed";
            /** Format: date-time */
            since: string;
            removed_at: string | null;
            expires_at: string | null;
            keys_changed: number;
            done: string[];
            pending: string[];
            more: boolean;
        };
        RemovedMember: {
            id: string;
            account: string;
            user: string | null;
            email: string | null;
            role: string;
            /** @enum {string} */
            status: "active" | "invited" | "removed";
            /** Format: date-time */
            since: string;
            removed_at: string | null;
            expires_at: string | null;
            /** @enum {string} */
            keys: "revoked" | "kept";
            key_count: number;
            done: string[];
            pending: string[];
            more: boolean;
        };
        ListedKey: {
            id: string;
            account: string;
            creator: string | null;
            prefix: string;
            environment: string;
            role: string;
            label: string | null;
            category: string | null;
            expires_at: string | null;
            rate_limit_per_second: number | null;
            rate_limit_per_minute: number | null;
            quotas: components["schemas"]["Quotas"];
            credit_quotas: components["schemas"]["Quotas"];
            addresses: string[] | null;
            metadata: {
                [key: string]: string;
            };
            /** Format: date-time */
            created_at: string;
            /** @enum {string} */
            status: "active" | "inactive" | "expired" | "revoked";
            revoked_at: string | null;
            last_used: {
                /** Format: date-time */
                at: string;
                address: string | null;
            } | null;
        };
        Quotas: {
            total?: number;
            daily?: number;
            weekly?: number;
            monthly?: number;
        };
        NewKey: {
            key: string;
            id: string;
            account: string;
            creator: string | null;
            prefix: string;
            environment: string;
            role: string;
            label: string | null;
            category: string | null;
            expires_at: string | null;
            rate_limit_per_second: number | null;
            rate_limit_per_minute: number | null;
            quotas: components["schemas"]["Quotas"];
            credit_quotas: components["schemas"]["Quotas"];
            addresses: string[] | null;
            metadata: {
                [key: string]: string;
            };
            /** Format: date-time */
            created_at: string;
        };
        ShownKey: {
            id: string;
            account: string;
            creator: string | null;
            prefix: string;
            environment: string;
            role: string;
            label: string | null;
            category: string | null;
            expires_at: string | null;
            rate_limit_per_second: number | null;
            rate_limit_per_minute: number | null;
            quotas: components["schemas"]["Quotas"];
            credit_quotas: components["schemas"]["Quotas"];
            addresses: string[] | null;
            metadata: {
                [key: string]: string;
            };
            /** Format: date-time */
            created_at: string;
            /** @enum {string} */
            status: "active" | "inactive" | "expired" | "revoked";
            revoked_at: string | null;
            last_used: {
                /** Format: date-time */
                at: string;
                address: string | null;
            } | null;
            usage: components["schemas"]["Counted"] | null;
        };
        Key: {
            id: string;
            account: string;
            creator: string | null;
            prefix: string;
            environment: string;
            role: string;
            label: string | null;
            category: string | null;
            expires_at: string | null;
            rate_limit_per_second: number | null;
            rate_limit_per_minute: number | null;
            quotas: components["schemas"]["Quotas"];
            credit_quotas: components["schemas"]["Quotas"];
            addresses: string[] | null;
            metadata: {
                [key: string]: string;
            };
            /** Format: date-time */
            created_at: string;
            /** @enum {string} */
            status: "active" | "inactive" | "expired" | "revoked";
            revoked_at: string | null;
        };
        AuditEntry: {
            id: string;
            /** Format: date-time */
            at: string;
            actor: string;
            action: string;
            account: string | null;
            key: string | null;
            address: string | null;
            request_id: string | null;
            before: unknown;
            after: unknown;
        };
        Webhook: {
            id: string;
            account: string | null;
            url: string;
            description: string | null;
            events: string[] | null;
            /** @enum {string} */
            status: "active" | "disabled";
            disabled_by: ("owner" | "gone" | "failing") | null;
            /** Format: date-time */
            created_at: string;
            failures: number;
            failing_since: string | null;
        };
        NewWebhook: {
            secret: string;
            id: string;
            account: string | null;
            url: string;
            description: string | null;
            events: string[] | null;
            /** @enum {string} */
            status: "active" | "disabled";
            disabled_by: ("owner" | "gone" | "failing") | null;
            /** Format: date-time */
            created_at: string;
            failures: number;
            failing_since: string | null;
        };
        RotatedWebhook: {
            secret: string;
            /** Format: date-time */
            grace_period_ends_at: string;
            id: string;
            account: string | null;
            url: string;
            description: string | null;
            events: string[] | null;
            /** @enum {string} */
            status: "active" | "disabled";
            disabled_by: ("owner" | "gone" | "failing") | null;
            /** Format: date-time */
            created_at: string;
            failures: number;
            failing_since: string | null;
        };
        WebhookDelivery: {
            id: string;
            webhook: string;
            event: string;
            type: string;
            key: string | null;
            /** @enum {string} */
            status: "pending" | "delivered" | "failed";
            attempts: number;
            /** Format: date-time */
            created_at: string;
            next_attempt_at: string | null;
            ended_at: string | null;
        };
        ShownWebhookDelivery: {
            id: string;
            webhook: string;
            event: string;
            type: string;
            key: string | null;
            /** @enum {string} */
            status: "pending" | "delivered" | "failed";
            attempts: number;
            /** Format: date-time */
            created_at: string;
            next_attempt_at: string | null;
            ended_at: string | null;
            log: {
                number: number;
                /** Format: date-time */
                at: string;
                duration_ms: number;
                status: number | null;
                error: string | null;
                request: {
                    url: string;
                    headers: {
                        [key: string]: string;
                    };
                    body: string;
                };
                response: {
                    headers: {
                        [key: string]: string;
                    };
                    body: string;
                } | null;
            }[];
        };
        SignedOut: {
            /** @constant */
            signed_out: true;
        };
        Account: {
            id: string;
            name: string;
            plan: string;
            /** @enum {string} */
            status: "active" | "suspended";
            budget_micro: number | null;
            /** Format: date-time */
            billing_anchor: string;
            /** Format: date-time */
            created_at: string;
            closed_at: string | null;
            organisation: string | null;
            user: string | null;
            erased_at: string | null;
        };
        ChangedAccount: {
            id: string;
            name: string;
            plan: string;
            /** @enum {string} */
            status: "active" | "suspended";
            budget_micro: number | null;
            /** Format: date-time */
            billing_anchor: string;
            /** Format: date-time */
            created_at: string;
            closed_at: string | null;
            organisation: string | null;
            user: string | null;
            erased_at: string | null;
            done: string[];
            pending: string[];
            more: boolean;
        };
        ErasedAccount: {
            account: string;
            erased: boolean;
            next_cursor: string | null;
        };
        AccountLimits: {
            account: string;
            plan: string;
            granted: number;
            used: number;
            unreported: number;
            limits: components["schemas"]["Limit"][];
        };
        ErasedMember: {
            account: string;
            member: string;
            erased: boolean;
            next_cursor: string | null;
        };
        ImportedChunk: {
            import: string;
            chunk: number;
            counts: {
                created: number;
                exists: number;
                duplicate: number;
                invalid: number;
                conflict: number;
            };
            results: {
                line: number;
                /** @enum {string} */
                status: "created" | "exists" | "duplicate" | "invalid" | "conflict";
                id?: string;
                account?: string;
                prefix?: string;
                /** @enum {string} */
                code?: "line_too_long" | "encoding" | "json" | "fields" | "format" | "other_account" | "account_missing" | "account_closed" | "member_removed" | "label_taken" | "overtaken";
                message?: string;
            }[];
        };
        ImportProgress: {
            import: string;
            chunks: [
                number,
                number
            ][];
            counts: {
                created: number;
                exists: number;
                duplicate: number;
                invalid: number;
                conflict: number;
            };
            /** Format: date-time */
            first_at: string;
            /** Format: date-time */
            last_at: string;
        };
        Credits: {
            account: string;
            balance_micro: number;
            held_micro: number;
            spent_micro: number;
            unreported_micro: number;
            granted_micro: number;
            month: {
                /** Format: date-time */
                starts_at: string;
                /** Format: date-time */
                ends_at: string;
                spent_micro: number;
                budget_micro: number | null;
            };
            movements: components["schemas"]["CreditMovement"][];
            next_cursor: string | null;
        };
        CreditMovement: {
            id: string;
            /** @enum {string} */
            kind: "grant" | "spent" | "unreported";
            /** Format: date-time */
            at: string;
            micro: number;
            note: string | null;
            actor: string | null;
        };
        Lockout: {
            /** @enum {string} */
            kind: "ip" | "secret";
            subject: string;
            strikes: number;
            locked_until: string | null;
        };
        Status: {
            policy: {
                preset: string;
                digest: string;
            };
            stores: {
                d1: components["schemas"]["Probe"];
                kv: components["schemas"]["Probe"];
                gate: components["schemas"]["Probe"];
                lockout: components["schemas"]["Probe"];
            };
            outbox: {
                waiting: number;
                oldest_at: string | null;
            } | null;
            peppers: {
                version: number;
                current: boolean;
                configured: boolean;
                digests: number;
            }[] | null;
            webhook_keys: {
                version: number;
                current: boolean;
                configured: boolean;
                secrets: number;
            }[] | null;
            origins: {
                upstream: string;
                origins: {
                    name: string;
                    failures_in_a_row: number;
                    left_out_until: string | null;
                }[];
            }[];
        };
        Probe: {
            reachable: boolean;
            latency_ms: number;
        };
        Reconciled: {
            checked: number;
            repaired: string[];
            pending: string[];
            next_cursor: string | null;
        };
        Leak: {
            id: string;
            /** Format: date-time */
            at: string;
            account: string;
            key: string;
            prefix: string;
            reporter: string;
            /** @enum {string} */
            outcome: "revoke" | "deactivate" | "notify" | "none";
            url: string;
            source: string;
            type: string;
        };
        KeySet: {
            keys: {
                /** @constant */
                kty: "OKP";
                /** @constant */
                crv: "Ed25519";
                x: string;
                kid: string;
                /** @constant */
                alg: "EdDSA";
                /** @constant */
                use: "sig";
            }[];
        };
        LeakSighting: {
            token: string;
            type: string;
            url?: string | null;
            source?: string | null;
        };
        LeakVerdict: {
            token_hash: string;
            token_type: string;
            /** @enum {string} */
            label: "true_positive" | "false_positive";
        };
        /** @description A key was made, or brought in from another system. */
        KeyCreatedEvent: {
            id: string;
            /** @constant */
            type: "key_created";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                actor: string;
                /** @enum {string} */
                origin: "created" | "imported" | "adopted";
                creator: string | null;
                role: string;
                category: string | null;
                /** @enum {string} */
                status: "active" | "inactive" | "revoked";
                expires_at: string | null;
            };
        };
        EventKey: {
            id: string;
            prefix: string | null;
            label: string | null;
            environment: string | null;
        };
        /** @description Settings of a key were changed: label, role, limits, addresses and so on, or several things at once. */
        KeyUpdatedEvent: {
            id: string;
            /** @constant */
            type: "key_updated";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                actor: string;
                before: components["schemas"]["EventKeyTerms"];
                after: components["schemas"]["EventKeyTerms"];
            };
        };
        EventKeyTerms: {
            label?: string | null;
            category?: string | null;
            role?: string;
            /** @enum {string} */
            status?: "active" | "inactive" | "revoked";
            expires_at?: string | null;
            rate_limit_per_second?: number | null;
            rate_limit_per_minute?: number | null;
            quotas?: {
                total?: number;
                daily?: number;
                weekly?: number;
                monthly?: number;
            };
            credit_quotas?: {
                total?: number;
                daily?: number;
                weekly?: number;
                monthly?: number;
            };
            addresses?: string[] | null;
            metadata?: {
                [key: string]: string;
            };
        };
        /** @description A key was switched off. */
        KeyDeactivatedEvent: {
            id: string;
            /** @constant */
            type: "key_deactivated";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                actor: string;
                /** @enum {string} */
                cause: "member" | "key" | "operator" | "leak" | "member_removed" | "account_closed" | "system";
            };
        };
        /** @description A key was switched on again. */
        KeyActivatedEvent: {
            id: string;
            /** @constant */
            type: "key_activated";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                actor: string;
            };
        };
        /** @description A rotation is complete: the key has a new secret, and the one before works until its grace ends. */
        KeyRotatedEvent: {
            id: string;
            /** @constant */
            type: "key_rotated";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                actor: string;
                old_key_prefix: string;
                /** Format: date-time */
                grace_period_ends_at: string;
            };
        };
        /** @description A key was ended, for good. */
        KeyRevokedEvent: {
            id: string;
            /** @constant */
            type: "key_revoked";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                actor: string;
                /** @enum {string} */
                cause: "member" | "key" | "operator" | "leak" | "member_removed" | "account_closed" | "system";
            };
        };
        /** @description A key was deleted: one that was never used, or a trial key that is long over. */
        KeyPurgedEvent: {
            id: string;
            /** @constant */
            type: "key_purged";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                actor: string;
                /** @enum {string} */
                status: "active" | "inactive" | "revoked";
            };
        };
        /** @description A secret of the key was found in public. `outcome`: what is done about it, `none` where it worked no more. */
        KeyLeakedEvent: {
            id: string;
            /** @constant */
            type: "key_leaked";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                prefix: string;
                reporter: string;
                /** @enum {string} */
                outcome: "revoke" | "deactivate" | "notify" | "none";
                url: string;
                source: string;
                type: string;
            };
        };
        /** @description A key expires soon; `before_seconds` is the warning that is due. */
        KeyExpiringEvent: {
            id: string;
            /** @constant */
            type: "key_expiring";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                /** Format: date-time */
                expires_at: string;
                before_seconds: number;
            };
        };
        /** @description A key has expired. */
        KeyExpiredEvent: {
            id: string;
            /** @constant */
            type: "key_expired";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                /** Format: date-time */
                expires_at: string;
            };
        };
        /** @description The grace of a replaced secret is over: it works no more. */
        KeyGraceEndedEvent: {
            id: string;
            /** @constant */
            type: "key_grace_ended";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                old_key_prefix: string;
                /** Format: date-time */
                grace_period_ends_at: string;
            };
        };
        /** @description A replaced secret of the key was used during its grace; told once for each hour. */
        KeyOldSecretUsedEvent: {
            id: string;
            /** @constant */
            type: "key_old_secret_used";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                /** Format: date-time */
                hour: string;
            };
        };
        /** @description A secret of the key that works no more was tried so often that it is locked for a while. */
        KeyLockedEvent: {
            id: string;
            /** @constant */
            type: "key_locked";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key: components["schemas"]["EventKey"];
                /** Format: date-time */
                locked_until: string;
            };
        };
        /** @description Most of a quota is used. */
        QuotaWarningEvent: {
            id: string;
            /** @constant */
            type: "quota_warning";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key?: components["schemas"]["EventKey"];
                quota: string;
                /** @enum {string} */
                unit: "requests" | "micro_credits";
                limit: number;
                used: number;
                percent: number;
                window_seconds: number | null;
            };
        };
        /** @description A quota is used up: further requests are refused. */
        QuotaReachedEvent: {
            id: string;
            /** @constant */
            type: "quota_reached";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                key?: components["schemas"]["EventKey"];
                quota: string;
                /** @enum {string} */
                unit: "requests" | "micro_credits";
                limit: number;
                used: number;
                percent: number;
                window_seconds: number | null;
            };
        };
        /** @description The account has few credits left, in millionths. */
        CreditsLowEvent: {
            id: string;
            /** @constant */
            type: "credits_low";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                balance_micro: number;
                threshold_micro: number;
            };
        };
        /** @description The account has no credits left: requests that cost some are refused. */
        CreditsExhaustedEvent: {
            id: string;
            /** @constant */
            type: "credits_exhausted";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                balance_micro: number;
            };
        };
        /** @description A member was removed, with or without the keys that it had made. */
        MemberRemovedEvent: {
            id: string;
            /** @constant */
            type: "member_removed";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string;
                actor: string;
                member: string;
                role: string;
                /** @enum {string} */
                keys: "revoked" | "kept";
                key_count: number;
            };
        };
        /** @description An endpoint gets nothing any more: it has answered 410 (`gone`), or has only failed for days (`failing`). */
        EndpointDisabledEvent: {
            id: string;
            /** @constant */
            type: "endpoint_disabled";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string | null;
                endpoint: string;
                host: string | null;
                /** @enum {string} */
                reason: "gone" | "failing";
                failing_since: string | null;
            };
        };
        /** @description Somebody asked for a test of this endpoint. */
        TestEvent: {
            id: string;
            /** @constant */
            type: "test";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string | null;
                actor: string;
                endpoint: string;
            };
        };
        /** @description An address has failed so often that it is locked for a while. */
        IpLockedEvent: {
            id: string;
            /** @constant */
            type: "ip_locked";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: null;
                address: string;
                /** Format: date-time */
                locked_until: string;
            };
        };
        /** @description Nobody could say whether requests may pass; they were refused, or served from the cache where the policy says so. */
        GateUnavailableEvent: {
            id: string;
            /** @constant */
            type: "gate_unavailable";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: null;
                cause: string;
                /** @constant */
                served?: "cached";
            };
        };
        /** @description An origin has failed so often that it is left out for a while. */
        UpstreamUnhealthyEvent: {
            id: string;
            /** @constant */
            type: "upstream_unhealthy";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: null;
                upstream: string;
                origin: string;
            };
        };
        /** @description Changes have waited for long to be in force everywhere. */
        OutboxStuckEvent: {
            id: string;
            /** @constant */
            type: "outbox_stuck";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: null;
                rows: number;
                seconds: number;
            };
        };
        /** @description Deliveries were given up: their attempts are used up, or the queue could not hand them over. */
        DeadLetterEvent: {
            id: string;
            /** @constant */
            type: "dead_letter";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: string | null;
                endpoint: string | null;
                /** @enum {string} */
                cause: "attempts" | "queue";
                deliveries: number;
            };
        };
        /** @description The cron comes late: what it drives waits meanwhile. */
        CronLateEvent: {
            id: string;
            /** @constant */
            type: "cron_late";
            /** @constant */
            version: 1;
            /** Format: date-time */
            timestamp: string;
            sequence: number | null;
            data: {
                account: null;
                seconds: number;
            };
        };
    };
    responses: {
        /** @description There is no such method here; `Allow` names those that there are. */
        WrongMethod: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                Allow: components["headers"]["Allow"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /** @description - `account_suspended`: The account of this API key is suspended. Contact support. */
        Refused1: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `client_address_missing`: The client address of this call is not known. Call through the public endpoint.
         *     - `request_invalid`: The request is not valid. Check its fields.
         */
        Refused2: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `address_locked_out`: Too many invalid attempts from this address. Wait for the time in Retry-After, then send a valid key.
         *     - `trial_mint_limited`: Too many trial keys were taken from this address. Wait for the time in Retry-After.
         */
        Refused3: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /** @description - `body_too_large`: The body is too large. Send a smaller one. */
        Refused4: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `missing_api_key`: No API key was sent. Send it in the Authorization header, as "Bearer \<key>".
         *     - `invalid_api_key`: The API key is not valid. Check that it was copied whole, or create another.
         *     - `invalid_api_key`: The API key is not valid. Check that it was copied whole, or create another.
         */
        Refused5: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `address_locked_out`: Too many invalid attempts from this address. Wait for the time in Retry-After, then send a valid key.
         *     - `rate_limited`: Too many calls from this address. Wait for the time in Retry-After.
         */
        Refused6: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /** @description - `not_found`: There is no such thing here. Check the id. */
        Refused7: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /** @description - `conflict`: The current state does not allow this. Read it again and retry where it still applies. */
        Refused8: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `missing_api_key`: No API key was sent. Send it in the Authorization header, as "Bearer \<key>".
         *     - `invalid_api_key`: The API key is not valid. Check that it was copied whole, or create another.
         *     - `invalid_api_key`: The API key is not valid. Check that it was copied whole, or create another.
         *     - `api_key_revoked`: This API key was revoked. Use another key.
         *     - `api_key_inactive`: This API key is switched off. Activate it, or use another key.
         *     - `api_key_expired`: This API key has expired. Create a new one.
         *     - `api_key_rotated`: This secret was replaced by a rotation and its grace period is over. Use the new secret.
         */
        Refused9: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `account_suspended`: The account of this API key is suspended. Contact support.
         *     - `insufficient_role`: The role does not permit this call. Use one that does, or ask an admin of the account.
         *     - `address_not_allowed`: This API key may not be used from this address. Call from an allowed address, or change its list.
         */
        Refused10: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `key_locked_out`: Too many invalid attempts with this key. Wait for the time in Retry-After, then send a valid key.
         *     - `address_locked_out`: Too many invalid attempts from this address. Wait for the time in Retry-After, then send a valid key.
         *     - `rate_limited`: Too many calls from this address. Wait for the time in Retry-After.
         */
        Refused11: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /** @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After. */
        Refused12: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `account_suspended`: The account of this API key is suspended. Contact support.
         *     - `insufficient_role`: The role does not permit this call. Use one that does, or ask an admin of the account.
         *     - `address_not_allowed`: This API key may not be used from this address. Call from an allowed address, or change its list.
         *     - `trial_key_not_rotatable`: Trial keys cannot be rotated. Take another trial key, or sign up.
         */
        Refused13: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `rotation_refused`: Keys are not rotated here. Create a new key, switch over to it, and revoke the old one.
         *     - `conflict`: The current state does not allow this. Read it again and retry where it still applies.
         *     - `idempotency_conflict`: This idempotency key belongs to another request. Use a new one.
         */
        Refused14: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `missing_api_key`: No API key was sent. Send it in the Authorization header, as "Bearer \<key>".
         *     - `invalid_api_key`: The API key is not valid. Check that it was copied whole, or create another.
         *     - `invalid_api_key`: The API key is not valid. Check that it was copied whole, or create another.
         *     - `api_key_rotated`: This secret was replaced by a rotation and its grace period is over. Use the new secret.
         */
        Refused15: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
         *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
         */
        Refused16: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `conflict`: The current state does not allow this. Read it again and retry where it still applies.
         *     - `idempotency_conflict`: This idempotency key belongs to another request. Use a new one.
         */
        Refused17: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `key_locked_out`: Too many invalid attempts with this key. Wait for the time in Retry-After, then send a valid key.
         *     - `address_locked_out`: Too many invalid attempts from this address. Wait for the time in Retry-After, then send a valid key.
         */
        Refused18: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `insufficient_role`: The role does not permit this call. Use one that does, or ask an admin of the account.
         *     - `membership_missing`: You are signed in, and no account is yours. Send the id of the one that invites you as X-Keystile-Account.
         */
        Refused19: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /** @description - `address_locked_out`: Too many invalid attempts from this address. Wait for the time in Retry-After, then send a valid key. */
        Refused20: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `session_missing`: Sign in, and send the session token.
         *     - `session_invalid`: The session token is not valid. Sign in again.
         *     - `session_expired`: The session is over. Sign in again.
         */
        Refused21: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `account_suspended`: The account of this API key is suspended. Contact support.
         *     - `insufficient_role`: The role does not permit this call. Use one that does, or ask an admin of the account.
         *     - `membership_missing`: You are signed in, and no account is yours. Send the id of the one that invites you as X-Keystile-Account.
         */
        Refused22: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `address_locked_out`: Too many invalid attempts from this address. Wait for the time in Retry-After, then send a valid key.
         *     - `creation_limited`: Too many keys were created within an hour. Wait for the time in Retry-After.
         */
        Refused23: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `key_cap_reached`: The account has as many active keys as it may. Revoke one that is not used.
         *     - `user_key_cap_reached`: You have as many active keys as you may. Revoke one that is not used.
         *     - `conflict`: The current state does not allow this. Read it again and retry where it still applies.
         *     - `idempotency_conflict`: This idempotency key belongs to another request. Use a new one.
         */
        Refused24: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
         *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
         *     - `misconfigured`: This gateway is not configured correctly. Tell its operator.
         */
        Refused25: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /** @description - `idempotency_conflict`: This idempotency key belongs to another request. Use a new one. */
        Refused26: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `account_suspended`: The account of this API key is suspended. Contact support.
         *     - `insufficient_role`: The role does not permit this call. Use one that does, or ask an admin of the account.
         *     - `trial_key_not_rotatable`: Trial keys cannot be rotated. Take another trial key, or sign up.
         *     - `membership_missing`: You are signed in, and no account is yours. Send the id of the one that invites you as X-Keystile-Account.
         */
        Refused27: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `admin_token_missing`: Send an admin token in the Authorization header, as "Bearer \<token>".
         *     - `admin_token_invalid`: The admin token is not valid. Check that it was copied whole and is still configured.
         */
        Refused28: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /** @description - `admin_forbidden`: This admin token or role may not do this. Use one with full rights. */
        Refused29: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `account_suspended`: The account of this API key is suspended. Contact support.
         *     - `admin_forbidden`: This admin token or role may not do this. Use one with full rights.
         */
        Refused30: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `key_cap_reached`: The account has as many active keys as it may. Revoke one that is not used.
         *     - `conflict`: The current state does not allow this. Read it again and retry where it still applies.
         *     - `idempotency_conflict`: This idempotency key belongs to another request. Use a new one.
         */
        Refused31: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `insufficient_role`: The role does not permit this call. Use one that does, or ask an admin of the account.
         *     - `admin_forbidden`: This admin token or role may not do this. Use one with full rights.
         */
        Refused32: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `trial_key_not_rotatable`: Trial keys cannot be rotated. Take another trial key, or sign up.
         *     - `admin_forbidden`: This admin token or role may not do this. Use one with full rights.
         */
        Refused33: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /**
         * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
         *     - `misconfigured`: This gateway is not configured correctly. Tell its operator.
         */
        Refused34: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
        /** @description - `signature_invalid`: The signature of this report does not hold. Sign its very bytes with a published key. */
        Refused35: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Error"];
            };
        };
    };
    parameters: {
        /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
        IdempotencyKey: string;
        /** @description Which account is meant, for users who belong to several. */
        Account: string;
        /**
         * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
         * @example evt_7
         */
        WebhookId: string;
        /**
         * @description When this attempt was made, in seconds since 1970.
         * @example 1896091200
         */
        WebhookTimestamp: number;
        /**
         * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
         * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
         */
        WebhookSignature: string;
    };
    requestBodies: never;
    headers: {
        /** @description The name of this request in logs. */
        RequestId: string;
        /** @description After so many seconds it may be sent again. */
        RetryAfter: number;
        /** @description The methods that there are. */
        Allow: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    mintTrialKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "api_key": "ks_trial_Ab3dE9…",
                     *       "expires_at": "2030-01-31T12:00:00.000Z",
                     *       "ops_limit": 10,
                     *       "message": "Valid for 30 minutes"
                     *     }
                     */
                    "application/json": components["schemas"]["TrialKey"];
                };
            };
            400: components["responses"]["Refused2"];
            403: components["responses"]["Refused1"];
            405: components["responses"]["WrongMethod"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused3"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        api_key?: string;
                        /** Format: date-time */
                        expires_at?: string;
                        ops_limit?: number;
                        message?: string;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    revokeTrialKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The beginning of a trial key.
                 * @example ks_trial_Ab3dE9fG
                 */
                key_prefix: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revoked": true,
                     *       "key_prefix": "ks_trial_Ab3dE9"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        revoked: true;
                        key_prefix: string;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused5"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused8"];
            429: components["responses"]["Refused6"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        key_prefix?: string;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    showOwnKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "key_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "prefix": "ks_live_Ab3dE9",
                     *       "label": "production",
                     *       "category": null,
                     *       "environment": "live",
                     *       "role": "developer",
                     *       "status": "active",
                     *       "expires_at": null,
                     *       "grace_period_ends_at": null,
                     *       "usage": {
                     *         "granted": 120,
                     *         "used": 118,
                     *         "unreported": 2,
                     *         "limits": [
                     *           {
                     *             "name": "per_minute",
                     *             "unit": "requests",
                     *             "limit": 600,
                     *             "remaining": 480,
                     *             "resets_at": "2030-01-31T12:00:00.000Z"
                     *           }
                     *         ]
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["OwnKey"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused9"];
            403: components["responses"]["Refused10"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused11"];
            503: components["responses"]["Refused12"];
        };
    };
    showOwnKeyUsage: {
        parameters: {
            query?: {
                from?: string;
                to?: string;
                /** @example hour */
                by?: "hour" | "day";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "acc_3vJ8wFq2",
                     *       "by": "hour",
                     *       "from": "2030-01-31T12:00:00.000Z",
                     *       "to": "2030-01-31T13:00:00.000Z",
                     *       "points": [
                     *         {
                     *           "starts_at": "2030-01-31T12:00:00.000Z",
                     *           "requests": 42,
                     *           "statuses": {
                     *             "2xx": 40,
                     *             "4xx": 2
                     *           },
                     *           "reasons": {
                     *             "rate_limited": 2
                     *           },
                     *           "micro": 52500,
                     *           "prompt_tokens": 13020,
                     *           "completion_tokens": 3990,
                     *           "ttfb_ms": {
                     *             "p50": 212,
                     *             "p95": 480,
                     *             "p99": 910
                     *           }
                     *         }
                     *       ],
                     *       "sums": {
                     *         "requests": 42,
                     *         "statuses": {
                     *           "2xx": 40,
                     *           "4xx": 2
                     *         },
                     *         "reasons": {
                     *           "rate_limited": 2
                     *         },
                     *         "micro": 52500,
                     *         "prompt_tokens": 13020,
                     *         "completion_tokens": 3990,
                     *         "ttfb_ms": {
                     *           "p50": 212,
                     *           "p95": 480,
                     *           "p99": 910
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Usage"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused9"];
            403: components["responses"]["Refused10"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused11"];
            503: components["responses"]["Refused12"];
        };
    };
    rotateOwnKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "grace_seconds": 3600
                 *     }
                 */
                "application/json": {
                    grace_seconds?: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_api_key": "ks_live_Qk7vT2…",
                     *       "old_key_prefix": "ks_live_Ab3dE9",
                     *       "grace_period_ends_at": "2030-01-31T12:00:00.000Z",
                     *       "environment": "live",
                     *       "id": "key_9dKx2LpT"
                     *     }
                     */
                    "application/json": components["schemas"]["RotatedKey"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused9"];
            403: components["responses"]["Refused13"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused14"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused11"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        new_api_key?: string;
                        old_key_prefix?: string;
                        /** Format: date-time */
                        grace_period_ends_at?: string;
                        environment?: string;
                        id?: string;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    revokeOwnKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; there is no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused15"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused11"];
            503: components["responses"]["Refused16"];
        };
    };
    verifyKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "key": "ks_live_Ab3dE9…",
                 *       "method": "POST",
                 *       "path": "/v1/chat/completions",
                 *       "client_ip": "203.0.113.7"
                 *     }
                 */
                "application/json": {
                    key: string;
                    method?: string;
                    /** Format: starts_with */
                    path?: string;
                    client_ip?: string;
                    cost?: number;
                    explain?: boolean;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "valid": true,
                     *       "request_id": "0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11",
                     *       "role_checked": true,
                     *       "address_checked": true,
                     *       "account": "acc_3vJ8wFq2",
                     *       "key_id": "key_9dKx2LpT",
                     *       "role": "developer",
                     *       "environment": "live",
                     *       "plan": "standard",
                     *       "user": null,
                     *       "label": "production",
                     *       "expires_at": null,
                     *       "grace_period_ends_at": null,
                     *       "limits": [
                     *         {
                     *           "name": "rate",
                     *           "unit": "requests",
                     *           "limit": 600,
                     *           "remaining": 599,
                     *           "window_seconds": 60,
                     *           "resets_at": "2030-01-31T12:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Decision"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused9"];
            403: components["responses"]["Refused10"];
            405: components["responses"]["WrongMethod"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused18"];
            503: components["responses"]["Refused12"];
        };
    };
    showOwnAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "acc_3vJ8wFq2",
                     *       "name": "Acme",
                     *       "plan": "standard",
                     *       "status": "active",
                     *       "budget_micro": null,
                     *       "billing_anchor": "2030-01-31T12:00:00.000Z",
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "closed_at": null,
                     *       "member": {
                     *         "id": "mem_9dKx2LpT",
                     *         "role": "account_admin"
                     *       },
                     *       "limits": {
                     *         "granted": 120,
                     *         "used": 118,
                     *         "unreported": 2,
                     *         "limits": [
                     *           {
                     *             "name": "per_minute",
                     *             "unit": "requests",
                     *             "limit": 600,
                     *             "remaining": 480,
                     *             "resets_at": "2030-01-31T12:00:00.000Z"
                     *           }
                     *         ]
                     *       },
                     *       "credits": {
                     *         "balance_micro": 49947500,
                     *         "held_micro": 0,
                     *         "spent_micro": 52500,
                     *         "unreported_micro": 0,
                     *         "granted_micro": 50000000,
                     *         "month": {
                     *           "starts_at": "2030-01-31T12:00:00.000Z",
                     *           "ends_at": "2030-02-28T12:00:00.000Z",
                     *           "spent_micro": 52500,
                     *           "budget_micro": null
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["OwnAccount"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    updateOwnAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "budget_micro": 25000000
                 *     }
                 */
                "application/json": {
                    name?: string;
                    budget_micro?: number | null;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "acc_3vJ8wFq2",
                     *       "name": "Acme",
                     *       "plan": "standard",
                     *       "status": "active",
                     *       "budget_micro": null,
                     *       "billing_anchor": "2030-01-31T12:00:00.000Z",
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "closed_at": null,
                     *       "member": {
                     *         "id": "mem_9dKx2LpT",
                     *         "role": "account_admin"
                     *       },
                     *       "done": [
                     *         "key_9dKx2LpT"
                     *       ],
                     *       "pending": [],
                     *       "more": false
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedOwnAccount"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        account?: string;
                        done?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    showUsage: {
        parameters: {
            query?: {
                from?: string;
                to?: string;
                /** @example hour */
                by?: "hour" | "day";
                key?: string;
                category?: string;
            };
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "acc_3vJ8wFq2",
                     *       "by": "hour",
                     *       "from": "2030-01-31T12:00:00.000Z",
                     *       "to": "2030-01-31T13:00:00.000Z",
                     *       "points": [
                     *         {
                     *           "starts_at": "2030-01-31T12:00:00.000Z",
                     *           "requests": 42,
                     *           "statuses": {
                     *             "2xx": 40,
                     *             "4xx": 2
                     *           },
                     *           "reasons": {
                     *             "rate_limited": 2
                     *           },
                     *           "micro": 52500,
                     *           "prompt_tokens": 13020,
                     *           "completion_tokens": 3990,
                     *           "ttfb_ms": {
                     *             "p50": 212,
                     *             "p95": 480,
                     *             "p99": 910
                     *           }
                     *         }
                     *       ],
                     *       "sums": {
                     *         "requests": 42,
                     *         "statuses": {
                     *           "2xx": 40,
                     *           "4xx": 2
                     *         },
                     *         "reasons": {
                     *           "rate_limited": 2
                     *         },
                     *         "micro": 52500,
                     *         "prompt_tokens": 13020,
                     *         "completion_tokens": 3990,
                     *         "ttfb_ms": {
                     *           "p50": 212,
                     *           "p95": 480,
                     *           "p99": 910
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Usage"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    showLogs: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
                from?: string;
                to?: string;
                key?: string;
                category?: string;
                /** @example 4xx */
                status?: string;
                reason?: "missing_credential" | "malformed" | "unknown" | "revoked" | "inactive" | "expired" | "grace_ended" | "account_suspended" | "role_forbidden" | "address_forbidden" | "address_missing" | "secret_locked" | "ip_locked" | "rate_limited" | "public_rate_limited" | "quota_total" | "quota_daily" | "quota_weekly" | "quota_monthly" | "plan_rate" | "plan_quota" | "credits_exhausted" | "budget_exhausted" | "trial_exhausted" | "trial_mint_limited" | "trial_rotation" | "rotation_refused" | "key_cap" | "user_key_cap" | "creation_limited" | "route_unknown" | "upstream_unreachable" | "upstream_timeout" | "gate_unavailable" | "not_in_force" | "misconfigured" | "session_missing" | "session_invalid" | "session_expired" | "membership_missing" | "admin_missing" | "admin_invalid" | "admin_forbidden" | "signature_invalid" | "body_too_large" | "path_refused" | "request_invalid" | "not_found" | "conflict" | "idempotency_conflict";
                format?: "json" | "ndjson";
            };
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entries": [
                     *         {
                     *           "request_id": "0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11",
                     *           "at": "2030-01-31T12:00:00.000Z",
                     *           "key": "key_9dKx2LpT",
                     *           "label": "production",
                     *           "category": null,
                     *           "environment": "live",
                     *           "method": "POST",
                     *           "path": "/v1/chat/completions",
                     *           "status": 200,
                     *           "reason": null,
                     *           "ttfb_ms": 212,
                     *           "bytes": 1834,
                     *           "address": "203.0.113.7",
                     *           "country": "NL",
                     *           "micro": 1250,
                     *           "prompt_tokens": 310,
                     *           "completion_tokens": 95
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        entries: components["schemas"]["LogEntry"][];
                        next_cursor: string | null;
                    };
                    /** @example {"request_id":"0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11","at":"2030-01-31T12:00:00.000Z","key":"key_9dKx2LpT","label":"production","category":null,"environment":"live","method":"POST","path":"/v1/chat/completions","status":200,"reason":null,"ttfb_ms":212,"bytes":1834,"address":"203.0.113.7","country":"NL","micro":1250,"prompt_tokens":310,"completion_tokens":95} */
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    showKeyUsage: {
        parameters: {
            query?: {
                from?: string;
                to?: string;
                /** @example hour */
                by?: "hour" | "day";
                key?: string;
                category?: string;
            };
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "acc_3vJ8wFq2",
                     *       "by": "hour",
                     *       "from": "2030-01-31T12:00:00.000Z",
                     *       "to": "2030-01-31T13:00:00.000Z",
                     *       "points": [
                     *         {
                     *           "starts_at": "2030-01-31T12:00:00.000Z",
                     *           "requests": 42,
                     *           "statuses": {
                     *             "2xx": 40,
                     *             "4xx": 2
                     *           },
                     *           "reasons": {
                     *             "rate_limited": 2
                     *           },
                     *           "micro": 52500,
                     *           "prompt_tokens": 13020,
                     *           "completion_tokens": 3990,
                     *           "ttfb_ms": {
                     *             "p50": 212,
                     *             "p95": 480,
                     *             "p99": 910
                     *           }
                     *         }
                     *       ],
                     *       "sums": {
                     *         "requests": 42,
                     *         "statuses": {
                     *           "2xx": 40,
                     *           "4xx": 2
                     *         },
                     *         "reasons": {
                     *           "rate_limited": 2
                     *         },
                     *         "micro": 52500,
                     *         "prompt_tokens": 13020,
                     *         "completion_tokens": 3990,
                     *         "ttfb_ms": {
                     *           "p50": 212,
                     *           "p95": 480,
                     *           "p99": 910
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Usage"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    showKeyLogs: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
                from?: string;
                to?: string;
                key?: string;
                category?: string;
                /** @example 4xx */
                status?: string;
                reason?: "missing_credential" | "malformed" | "unknown" | "revoked" | "inactive" | "expired" | "grace_ended" | "account_suspended" | "role_forbidden" | "address_forbidden" | "address_missing" | "secret_locked" | "ip_locked" | "rate_limited" | "public_rate_limited" | "quota_total" | "quota_daily" | "quota_weekly" | "quota_monthly" | "plan_rate" | "plan_quota" | "credits_exhausted" | "budget_exhausted" | "trial_exhausted" | "trial_mint_limited" | "trial_rotation" | "rotation_refused" | "key_cap" | "user_key_cap" | "creation_limited" | "route_unknown" | "upstream_unreachable" | "upstream_timeout" | "gate_unavailable" | "not_in_force" | "misconfigured" | "session_missing" | "session_invalid" | "session_expired" | "membership_missing" | "admin_missing" | "admin_invalid" | "admin_forbidden" | "signature_invalid" | "body_too_large" | "path_refused" | "request_invalid" | "not_found" | "conflict" | "idempotency_conflict";
                format?: "json" | "ndjson";
            };
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entries": [
                     *         {
                     *           "request_id": "0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11",
                     *           "at": "2030-01-31T12:00:00.000Z",
                     *           "key": "key_9dKx2LpT",
                     *           "label": "production",
                     *           "category": null,
                     *           "environment": "live",
                     *           "method": "POST",
                     *           "path": "/v1/chat/completions",
                     *           "status": 200,
                     *           "reason": null,
                     *           "ttfb_ms": 212,
                     *           "bytes": 1834,
                     *           "address": "203.0.113.7",
                     *           "country": "NL",
                     *           "micro": 1250,
                     *           "prompt_tokens": 310,
                     *           "completion_tokens": 95
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        entries: components["schemas"]["LogEntry"][];
                        next_cursor: string | null;
                    };
                    /** @example {"request_id":"0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11","at":"2030-01-31T12:00:00.000Z","key":"key_9dKx2LpT","label":"production","category":null,"environment":"live","method":"POST","path":"/v1/chat/completions","status":200,"reason":null,"ttfb_ms":212,"bytes":1834,"address":"203.0.113.7","country":"NL","micro":1250,"prompt_tokens":310,"completion_tokens":95} */
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    listMembers: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
                status?: "active" | "invited" | "removed";
            };
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "members": [
                     *         {
                     *           "id": "inv_5sTq8ZbN",
                     *           "account": "acc_3vJ8wFq2",
                     *           "user": null,
                     *           "email": "ada@example.com",
                     *           "role": "developer",
                     *           "status": "invited",
                     *           "since": "2030-01-31T12:00:00.000Z",
                     *           "removed_at": null,
                     *           "expires_at": "2030-02-14T12:00:00.000Z"
                     *         },
                     *         {
                     *           "id": "mem_9dKx2LpT",
                     *           "account": "acc_3vJ8wFq2",
                     *           "user": "user_2pQ7xW",
                     *           "email": "ada@example.com",
                     *           "role": "developer",
                     *           "status": "active",
                     *           "since": "2030-01-31T12:00:00.000Z",
                     *           "removed_at": null,
                     *           "expires_at": null
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        members: components["schemas"]["Person"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    inviteMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com",
                 *       "role": "developer"
                 *     }
                 */
                "application/json": {
                    email: string & (unknown & unknown);
                    role?: string;
                };
            };
        };
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "inv_5sTq8ZbN",
                     *       "account": "acc_3vJ8wFq2",
                     *       "user": null,
                     *       "email": "ada@example.com",
                     *       "role": "developer",
                     *       "status": "invited",
                     *       "since": "2030-01-31T12:00:00.000Z",
                     *       "removed_at": null,
                     *       "expires_at": "2030-02-14T12:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Person"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    removeMember: {
        parameters: {
            query?: {
                /** @example true */
                revoke_keys?: "true" | "false";
            };
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a member.
                 * @example mem_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "mem_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "user": "user_2pQ7xW",
                     *       "email": "ada@example.com",
                     *       "role": "developer",
                     *       "status": "removed",
                     *       "since": "2030-01-31T12:00:00.000Z",
                     *       "removed_at": "2030-01-31T12:00:00.000Z",
                     *       "expires_at": null,
                     *       "keys": "revoked",
                     *       "key_count": 1,
                     *       "done": [
                     *         "key_9dKx2LpT"
                     *       ],
                     *       "pending": [],
                     *       "more": false
                     *     }
                     */
                    "application/json": components["schemas"]["RemovedMember"];
                };
            };
            /** @description Done; there is no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused8"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        member?: string;
                        /** @enum {string} */
                        keys?: "revoked" | "kept";
                        key_count?: number;
                        done?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    changeMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a member.
                 * @example mem_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "role": "viewer"
                 *     }
                 */
                "application/json": {
                    role: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "mem_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "user": "user_2pQ7xW",
                     *       "email": "ada@example.com",
                     *       "role": "viewer",
                     *       "status": "active",
                     *       "since": "2030-01-31T12:00:00.000Z",
                     *       "removed_at": null,
                     *       "expires_at": null,
                     *       "keys_changed": 1,
                     *       "done": [
                     *         "key_9dKx2LpT"
                     *       ],
                     *       "pending": [],
                     *       "more": false
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedMember"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused8"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        member?: string;
                        done?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    listKeys: {
        parameters: {
            query?: {
                /** @example active */
                status?: "active" | "inactive" | "expired" | "revoked" | "all";
                category?: string;
                environment?: string;
                creator?: string;
                /** @example 50 */
                limit?: string;
                cursor?: string;
            };
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "id": "key_9dKx2LpT",
                     *           "account": "acc_3vJ8wFq2",
                     *           "creator": "mem_9dKx2LpT",
                     *           "prefix": "ks_live_Ab3dE9",
                     *           "environment": "live",
                     *           "role": "developer",
                     *           "label": "production",
                     *           "category": null,
                     *           "expires_at": null,
                     *           "rate_limit_per_second": null,
                     *           "rate_limit_per_minute": 600,
                     *           "quotas": {
                     *             "monthly": 1000000
                     *           },
                     *           "credit_quotas": {},
                     *           "addresses": [
                     *             "203.0.113.0/24"
                     *           ],
                     *           "metadata": {
                     *             "team": "search"
                     *           },
                     *           "created_at": "2030-01-31T12:00:00.000Z",
                     *           "status": "active",
                     *           "revoked_at": null,
                     *           "last_used": {
                     *             "at": "2030-01-31T12:00:00.000Z",
                     *             "address": "203.0.113.7"
                     *           }
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        keys: components["schemas"]["ListedKey"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "label": "production",
                 *       "environment": "live",
                 *       "role": "developer",
                 *       "rate_limit_per_minute": 600,
                 *       "quotas": {
                 *         "monthly": 1000000
                 *       },
                 *       "addresses": [
                 *         "203.0.113.0/24"
                 *       ],
                 *       "metadata": {
                 *         "team": "search"
                 *       }
                 *     }
                 */
                "application/json": {
                    environment?: string | null;
                    label?: string | null;
                    role?: string | null;
                    category?: string | null;
                    expires_at?: string | null;
                    rate_limit_per_second?: number | null;
                    rate_limit_per_minute?: number | null;
                    quotas?: {
                        total?: number | null;
                        daily?: number | null;
                        weekly?: number | null;
                        monthly?: number | null;
                    } | null;
                    credit_quotas?: {
                        total?: number | null;
                        daily?: number | null;
                        weekly?: number | null;
                        monthly?: number | null;
                    } | null;
                    addresses?: string[] | null;
                    metadata?: {
                        [key: string]: string;
                    } | null;
                    copy_from?: string | null;
                };
            };
        };
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "key": "ks_live_Ab3dE9…",
                     *       "id": "key_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "creator": "mem_9dKx2LpT",
                     *       "prefix": "ks_live_Ab3dE9",
                     *       "environment": "live",
                     *       "role": "developer",
                     *       "label": "production",
                     *       "category": null,
                     *       "expires_at": null,
                     *       "rate_limit_per_second": null,
                     *       "rate_limit_per_minute": 600,
                     *       "quotas": {
                     *         "monthly": 1000000
                     *       },
                     *       "credit_quotas": {},
                     *       "addresses": [
                     *         "203.0.113.0/24"
                     *       ],
                     *       "metadata": {
                     *         "team": "search"
                     *       },
                     *       "created_at": "2030-01-31T12:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused24"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused23"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        key?: string;
                        id?: string;
                        account?: string;
                        creator?: string | null;
                        prefix?: string;
                        environment?: string;
                        role?: string;
                        label?: string | null;
                        category?: string | null;
                        expires_at?: string | null;
                        rate_limit_per_second?: number | null;
                        rate_limit_per_minute?: number | null;
                        quotas?: components["schemas"]["Quotas"];
                        credit_quotas?: components["schemas"]["Quotas"];
                        addresses?: string[] | null;
                        metadata?: {
                            [key: string]: string;
                        };
                        /** Format: date-time */
                        created_at?: string;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    showKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "key_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "creator": "mem_9dKx2LpT",
                     *       "prefix": "ks_live_Ab3dE9",
                     *       "environment": "live",
                     *       "role": "developer",
                     *       "label": "production",
                     *       "category": null,
                     *       "expires_at": null,
                     *       "rate_limit_per_second": null,
                     *       "rate_limit_per_minute": 600,
                     *       "quotas": {
                     *         "monthly": 1000000
                     *       },
                     *       "credit_quotas": {},
                     *       "addresses": [
                     *         "203.0.113.0/24"
                     *       ],
                     *       "metadata": {
                     *         "team": "search"
                     *       },
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "status": "active",
                     *       "revoked_at": null,
                     *       "last_used": {
                     *         "at": "2030-01-31T12:00:00.000Z",
                     *         "address": "203.0.113.7"
                     *       },
                     *       "usage": {
                     *         "granted": 120,
                     *         "used": 118,
                     *         "unreported": 2,
                     *         "limits": [
                     *           {
                     *             "name": "per_minute",
                     *             "unit": "requests",
                     *             "limit": 600,
                     *             "remaining": 480,
                     *             "resets_at": "2030-01-31T12:00:00.000Z"
                     *           }
                     *         ]
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ShownKey"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    removeKey: {
        parameters: {
            query?: {
                /** @example true */
                purge?: "true" | "false";
            };
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; there is no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused8"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    updateKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "label": "production 2",
                 *       "expires_at": "2030-06-30T00:00:00Z"
                 *     }
                 */
                "application/json": {
                    label?: string | null;
                    role?: string;
                    category?: string | null;
                    expires_at?: string | null;
                    rate_limit_per_second?: number | null;
                    rate_limit_per_minute?: number | null;
                    quotas?: {
                        total?: number | null;
                        daily?: number | null;
                        weekly?: number | null;
                        monthly?: number | null;
                    } | null;
                    credit_quotas?: {
                        total?: number | null;
                        daily?: number | null;
                        weekly?: number | null;
                        monthly?: number | null;
                    } | null;
                    addresses?: string[] | null;
                    metadata?: {
                        [key: string]: string;
                    } | null;
                    active?: boolean;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "key_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "creator": "mem_9dKx2LpT",
                     *       "prefix": "ks_live_Ab3dE9",
                     *       "environment": "live",
                     *       "role": "developer",
                     *       "label": "production",
                     *       "category": null,
                     *       "expires_at": null,
                     *       "rate_limit_per_second": null,
                     *       "rate_limit_per_minute": 600,
                     *       "quotas": {
                     *         "monthly": 1000000
                     *       },
                     *       "credit_quotas": {},
                     *       "addresses": [
                     *         "203.0.113.0/24"
                     *       ],
                     *       "metadata": {
                     *         "team": "search"
                     *       },
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "status": "active",
                     *       "revoked_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused8"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    deactivateKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "key_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "creator": "mem_9dKx2LpT",
                     *       "prefix": "ks_live_Ab3dE9",
                     *       "environment": "live",
                     *       "role": "developer",
                     *       "label": "production",
                     *       "category": null,
                     *       "expires_at": null,
                     *       "rate_limit_per_second": null,
                     *       "rate_limit_per_minute": 600,
                     *       "quotas": {
                     *         "monthly": 1000000
                     *       },
                     *       "credit_quotas": {},
                     *       "addresses": [
                     *         "203.0.113.0/24"
                     *       ],
                     *       "metadata": {
                     *         "team": "search"
                     *       },
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "status": "inactive",
                     *       "revoked_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    activateKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "key_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "creator": "mem_9dKx2LpT",
                     *       "prefix": "ks_live_Ab3dE9",
                     *       "environment": "live",
                     *       "role": "developer",
                     *       "label": "production",
                     *       "category": null,
                     *       "expires_at": null,
                     *       "rate_limit_per_second": null,
                     *       "rate_limit_per_minute": 600,
                     *       "quotas": {
                     *         "monthly": 1000000
                     *       },
                     *       "credit_quotas": {},
                     *       "addresses": [
                     *         "203.0.113.0/24"
                     *       ],
                     *       "metadata": {
                     *         "team": "search"
                     *       },
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "status": "active",
                     *       "revoked_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    showOwnAudit: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
                from?: string;
                to?: string;
                key?: string;
                actor?: string;
                /** @example key. */
                action?: string;
            };
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entries": [
                     *         {
                     *           "id": "7",
                     *           "at": "2030-01-31T12:10:00.000Z",
                     *           "actor": "admin:ops",
                     *           "action": "key.revoked",
                     *           "account": "acc_3vJ8wFq2",
                     *           "key": "key_9dKx2LpT",
                     *           "address": "203.0.113.7",
                     *           "request_id": "0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11",
                     *           "before": {
                     *             "status": "active"
                     *           },
                     *           "after": {
                     *             "status": "revoked"
                     *           }
                     *         },
                     *         {
                     *           "id": "2030-01-31T12:00:00.000Z key_9dKx2LpT rate_limited",
                     *           "at": "2030-01-31T12:00:00.000Z",
                     *           "actor": "key:key_9dKx2LpT",
                     *           "action": "key.limit_reached",
                     *           "account": "acc_3vJ8wFq2",
                     *           "key": "key_9dKx2LpT",
                     *           "address": null,
                     *           "request_id": null,
                     *           "before": null,
                     *           "after": {
                     *             "reason": "rate_limited",
                     *             "requests": 12,
                     *             "hour": "2030-01-31T12:00:00.000Z"
                     *           }
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        entries: components["schemas"]["AuditEntry"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    listWebhooks: {
        parameters: {
            query?: never;
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "webhooks": [
                     *         {
                     *           "id": "whe_7hWq3Yd2",
                     *           "account": "acc_3vJ8wFq2",
                     *           "url": "https://hooks.example.com/keys",
                     *           "description": "billing",
                     *           "events": [
                     *             "key_rotated",
                     *             "key_revoked"
                     *           ],
                     *           "status": "active",
                     *           "disabled_by": null,
                     *           "created_at": "2030-01-31T12:00:00.000Z",
                     *           "failures": 0,
                     *           "failing_since": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        webhooks: components["schemas"]["Webhook"][];
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "url": "https://hooks.example.com/keys",
                 *       "description": "billing",
                 *       "events": [
                 *         "key_rotated",
                 *         "key_revoked"
                 *       ]
                 *     }
                 */
                "application/json": {
                    url: string;
                    description?: string | null;
                    events?: ("key_created" | "key_updated" | "key_deactivated" | "key_activated" | "key_rotated" | "key_grace_ended" | "key_revoked" | "key_purged" | "key_expiring" | "key_expired" | "key_old_secret_used" | "key_leaked" | "key_locked" | "quota_warning" | "quota_reached" | "credits_low" | "credits_exhausted" | "member_removed" | "endpoint_disabled")[] | null;
                };
            };
        };
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "secret": "whsec_C2FVsBQIhrscChlQIMV…",
                     *       "id": "whe_7hWq3Yd2",
                     *       "account": "acc_3vJ8wFq2",
                     *       "url": "https://hooks.example.com/keys",
                     *       "description": "billing",
                     *       "events": [
                     *         "key_rotated",
                     *         "key_revoked"
                     *       ],
                     *       "status": "active",
                     *       "disabled_by": null,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "failures": 0,
                     *       "failing_since": null
                     *     }
                     */
                    "application/json": components["schemas"]["NewWebhook"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused25"];
        };
    };
    showWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "whe_7hWq3Yd2",
                     *       "account": "acc_3vJ8wFq2",
                     *       "url": "https://hooks.example.com/keys",
                     *       "description": "billing",
                     *       "events": [
                     *         "key_rotated",
                     *         "key_revoked"
                     *       ],
                     *       "status": "active",
                     *       "disabled_by": null,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "failures": 0,
                     *       "failing_since": null
                     *     }
                     */
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; there is no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    updateWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "url": "https://hooks.example.com/keys",
                 *       "events": [
                 *         "key_rotated",
                 *         "key_revoked"
                 *       ],
                 *       "status": "active"
                 *     }
                 */
                "application/json": {
                    url?: string;
                    description?: string | null;
                    events?: ("key_created" | "key_updated" | "key_deactivated" | "key_activated" | "key_rotated" | "key_grace_ended" | "key_revoked" | "key_purged" | "key_expiring" | "key_expired" | "key_old_secret_used" | "key_leaked" | "key_locked" | "quota_warning" | "quota_reached" | "credits_low" | "credits_exhausted" | "member_removed" | "endpoint_disabled")[] | null;
                    /** @enum {string} */
                    status?: "active" | "disabled";
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "whe_7hWq3Yd2",
                     *       "account": "acc_3vJ8wFq2",
                     *       "url": "https://hooks.example.com/keys",
                     *       "description": "billing",
                     *       "events": [
                     *         "key_rotated",
                     *         "key_revoked"
                     *       ],
                     *       "status": "active",
                     *       "disabled_by": null,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "failures": 0,
                     *       "failing_since": null
                     *     }
                     */
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "grace_seconds": 3600
                 *     }
                 */
                "application/json": {
                    grace_seconds?: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "secret": "whsec_C2FVsBQIhrscChlQIMV…",
                     *       "grace_period_ends_at": "2030-02-01T12:00:00.000Z",
                     *       "id": "whe_7hWq3Yd2",
                     *       "account": "acc_3vJ8wFq2",
                     *       "url": "https://hooks.example.com/keys",
                     *       "description": "billing",
                     *       "events": [
                     *         "key_rotated",
                     *         "key_revoked"
                     *       ],
                     *       "status": "active",
                     *       "disabled_by": null,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "failures": 0,
                     *       "failing_since": null
                     *     }
                     */
                    "application/json": components["schemas"]["RotatedWebhook"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused26"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused25"];
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "del_31",
                     *       "webhook": "whe_7hWq3Yd2",
                     *       "event": "evt_7",
                     *       "type": "test",
                     *       "key": null,
                     *       "status": "pending",
                     *       "attempts": 0,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "next_attempt_at": "2030-01-31T12:00:00.000Z",
                     *       "ended_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
                /** @example delivered */
                status?: "pending" | "delivered" | "failed";
                type?: "key_created" | "key_updated" | "key_deactivated" | "key_activated" | "key_rotated" | "key_grace_ended" | "key_revoked" | "key_purged" | "key_expiring" | "key_expired" | "key_old_secret_used" | "key_leaked" | "key_locked" | "quota_warning" | "quota_reached" | "credits_low" | "credits_exhausted" | "member_removed" | "endpoint_disabled" | "test" | "ip_locked" | "gate_unavailable" | "upstream_unhealthy" | "outbox_stuck" | "dead_letter" | "cron_late";
            };
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deliveries": [
                     *         {
                     *           "id": "del_31",
                     *           "webhook": "whe_7hWq3Yd2",
                     *           "event": "evt_7",
                     *           "type": "key_revoked",
                     *           "key": "key_9dKx2LpT",
                     *           "status": "delivered",
                     *           "attempts": 1,
                     *           "created_at": "2030-01-31T12:00:00.000Z",
                     *           "next_attempt_at": null,
                     *           "ended_at": "2030-01-31T12:00:01.000Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        deliveries: components["schemas"]["WebhookDelivery"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    showDelivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
                /**
                 * @description The id of a delivery.
                 * @example del_31
                 */
                delivery: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "del_31",
                     *       "webhook": "whe_7hWq3Yd2",
                     *       "event": "evt_7",
                     *       "type": "key_revoked",
                     *       "key": "key_9dKx2LpT",
                     *       "status": "delivered",
                     *       "attempts": 1,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "next_attempt_at": null,
                     *       "ended_at": "2030-01-31T12:00:01.000Z",
                     *       "log": [
                     *         {
                     *           "number": 1,
                     *           "at": "2030-01-31T12:00:00.000Z",
                     *           "duration_ms": 87,
                     *           "status": 204,
                     *           "error": null,
                     *           "request": {
                     *             "url": "https://hooks.example.com/keys",
                     *             "headers": {
                     *               "content-type": "application/json",
                     *               "webhook-id": "evt_7",
                     *               "webhook-timestamp": "1896091200"
                     *             },
                     *             "body": "{\"id\":\"evt_7\",\"type\":\"key_revoked\"}"
                     *           },
                     *           "response": {
                     *             "headers": {
                     *               "date": "Thu, 31 Jan 2030 12:00:00 GMT"
                     *             },
                     *             "body": ""
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ShownWebhookDelivery"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused19"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    resendDelivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
                /**
                 * @description The id of a delivery.
                 * @example del_31
                 */
                delivery: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "del_31",
                     *       "webhook": "whe_7hWq3Yd2",
                     *       "event": "evt_7",
                     *       "type": "key_revoked",
                     *       "key": "key_9dKx2LpT",
                     *       "status": "pending",
                     *       "attempts": 1,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "next_attempt_at": "2030-01-31T12:30:00.000Z",
                     *       "ended_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused22"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    rotateKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Which account is meant, for users who belong to several. */
                "X-Keystile-Account"?: components["parameters"]["Account"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "grace_seconds": 3600
                 *     }
                 */
                "application/json": {
                    grace_seconds?: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_api_key": "ks_live_Qk7vT2…",
                     *       "old_key_prefix": "ks_live_Ab3dE9",
                     *       "grace_period_ends_at": "2030-01-31T12:00:00.000Z",
                     *       "environment": "live",
                     *       "id": "key_9dKx2LpT"
                     *     }
                     */
                    "application/json": components["schemas"]["RotatedKey"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            403: components["responses"]["Refused27"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused14"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        new_api_key?: string;
                        old_key_prefix?: string;
                        /** Format: date-time */
                        grace_period_ends_at?: string;
                        environment?: string;
                        id?: string;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    signOut: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "signed_out": true
                     *     }
                     */
                    "application/json": components["schemas"]["SignedOut"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused21"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused26"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    listAccounts: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
                status?: "active" | "suspended" | "closed";
                /** @example standard */
                plan?: string;
                organisation?: string;
                user?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accounts": [
                     *         {
                     *           "id": "acc_3vJ8wFq2",
                     *           "name": "Acme",
                     *           "plan": "standard",
                     *           "status": "active",
                     *           "budget_micro": null,
                     *           "billing_anchor": "2030-01-31T12:00:00.000Z",
                     *           "created_at": "2030-01-31T12:00:00.000Z",
                     *           "closed_at": null,
                     *           "organisation": "org_2pQ7",
                     *           "user": null,
                     *           "erased_at": null
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        accounts: components["schemas"]["Account"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    createAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Acme",
                 *       "plan": "standard",
                 *       "organisation": "org_2pQ7"
                 *     }
                 */
                "application/json": {
                    name: string;
                    plan?: string;
                    organisation?: string;
                    user?: string;
                };
            };
        };
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "acc_3vJ8wFq2",
                     *       "name": "Acme",
                     *       "plan": "standard",
                     *       "status": "active",
                     *       "budget_micro": null,
                     *       "billing_anchor": "2030-01-31T12:00:00.000Z",
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "closed_at": null,
                     *       "organisation": "org_2pQ7",
                     *       "user": null,
                     *       "erased_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["Account"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    showAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "acc_3vJ8wFq2",
                     *       "name": "Acme",
                     *       "plan": "standard",
                     *       "status": "active",
                     *       "budget_micro": null,
                     *       "billing_anchor": "2030-01-31T12:00:00.000Z",
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "closed_at": null,
                     *       "organisation": "org_2pQ7",
                     *       "user": null,
                     *       "erased_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["Account"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    updateAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "plan": "standard",
                 *       "budget_micro": null
                 *     }
                 */
                "application/json": {
                    name?: string;
                    plan?: string;
                    budget_micro?: number | null;
                    billing_anchor?: string | null;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "acc_3vJ8wFq2",
                     *       "name": "Acme",
                     *       "plan": "standard",
                     *       "status": "active",
                     *       "budget_micro": null,
                     *       "billing_anchor": "2030-01-31T12:00:00.000Z",
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "closed_at": null,
                     *       "organisation": "org_2pQ7",
                     *       "user": null,
                     *       "erased_at": null,
                     *       "done": [
                     *         "key_9dKx2LpT"
                     *       ],
                     *       "pending": [],
                     *       "more": false
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedAccount"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        account?: string;
                        done?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    suspendAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "acc_3vJ8wFq2",
                     *       "name": "Acme",
                     *       "plan": "standard",
                     *       "status": "suspended",
                     *       "budget_micro": null,
                     *       "billing_anchor": "2030-01-31T12:00:00.000Z",
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "closed_at": null,
                     *       "organisation": "org_2pQ7",
                     *       "user": null,
                     *       "erased_at": null,
                     *       "done": [
                     *         "key_9dKx2LpT"
                     *       ],
                     *       "pending": [],
                     *       "more": false
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedAccount"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused26"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        account?: string;
                        done?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    resumeAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "acc_3vJ8wFq2",
                     *       "name": "Acme",
                     *       "plan": "standard",
                     *       "status": "active",
                     *       "budget_micro": null,
                     *       "billing_anchor": "2030-01-31T12:00:00.000Z",
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "closed_at": null,
                     *       "organisation": "org_2pQ7",
                     *       "user": null,
                     *       "erased_at": null,
                     *       "done": [
                     *         "key_9dKx2LpT"
                     *       ],
                     *       "pending": [],
                     *       "more": false
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedAccount"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        account?: string;
                        done?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    closeAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "acc_3vJ8wFq2",
                     *       "name": "Acme",
                     *       "plan": "standard",
                     *       "status": "suspended",
                     *       "budget_micro": null,
                     *       "billing_anchor": "2030-01-31T12:00:00.000Z",
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "closed_at": "2030-01-31T12:00:00.000Z",
                     *       "organisation": "org_2pQ7",
                     *       "user": null,
                     *       "erased_at": null,
                     *       "done": [
                     *         "key_9dKx2LpT"
                     *       ],
                     *       "pending": [],
                     *       "more": false
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedAccount"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused26"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        account?: string;
                        done?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    exportAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {"type":"account","id":"acc_3vJ8wFq2","name":"Acme","plan":"standard","status":"active","budget_micro":null,"billing_anchor":"2030-01-31T12:00:00.000Z","created_at":"2030-01-31T12:00:00.000Z","closed_at":null,"organisation":"org_2pQ7","user":null,"erased_at":null}
                     *     {"type":"end"}
                     */
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    eraseAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": {
                    cursor?: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "acc_3vJ8wFq2",
                     *       "erased": true,
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["ErasedAccount"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    showAccountLimits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "acc_3vJ8wFq2",
                     *       "plan": "standard",
                     *       "granted": 120,
                     *       "used": 118,
                     *       "unreported": 2,
                     *       "limits": [
                     *         {
                     *           "name": "per_minute",
                     *           "unit": "requests",
                     *           "limit": 600,
                     *           "remaining": 480,
                     *           "resets_at": "2030-01-31T12:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["AccountLimits"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    listAccountMembers: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
                status?: "active" | "invited" | "removed";
            };
            header?: never;
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "members": [
                     *         {
                     *           "id": "inv_5sTq8ZbN",
                     *           "account": "acc_3vJ8wFq2",
                     *           "user": null,
                     *           "email": "ada@example.com",
                     *           "role": "developer",
                     *           "status": "invited",
                     *           "since": "2030-01-31T12:00:00.000Z",
                     *           "removed_at": null,
                     *           "expires_at": "2030-02-14T12:00:00.000Z"
                     *         },
                     *         {
                     *           "id": "mem_9dKx2LpT",
                     *           "account": "acc_3vJ8wFq2",
                     *           "user": "user_2pQ7xW",
                     *           "email": "ada@example.com",
                     *           "role": "developer",
                     *           "status": "active",
                     *           "since": "2030-01-31T12:00:00.000Z",
                     *           "removed_at": null,
                     *           "expires_at": null
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        members: components["schemas"]["Person"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    letMemberIn: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "user": "user_2pQ7xW",
                 *       "role": "developer"
                 *     }
                 */
                "application/json": {
                    email?: string & (unknown & unknown);
                    user?: string;
                    role?: string;
                };
            };
        };
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "mem_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "user": "user_2pQ7xW",
                     *       "email": "ada@example.com",
                     *       "role": "developer",
                     *       "status": "active",
                     *       "since": "2030-01-31T12:00:00.000Z",
                     *       "removed_at": null,
                     *       "expires_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["Person"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        member?: string;
                        done?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    removeAccountMember: {
        parameters: {
            query?: {
                /** @example true */
                revoke_keys?: "true" | "false";
            };
            header?: never;
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
                /**
                 * @description The id of a member.
                 * @example mem_9dKx2LpT
                 */
                member: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "mem_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "user": "user_2pQ7xW",
                     *       "email": "ada@example.com",
                     *       "role": "developer",
                     *       "status": "removed",
                     *       "since": "2030-01-31T12:00:00.000Z",
                     *       "removed_at": "2030-01-31T12:00:00.000Z",
                     *       "expires_at": null,
                     *       "keys": "revoked",
                     *       "key_count": 1,
                     *       "done": [
                     *         "key_9dKx2LpT"
                     *       ],
                     *       "pending": [],
                     *       "more": false
                     *     }
                     */
                    "application/json": components["schemas"]["RemovedMember"];
                };
            };
            /** @description Done; there is no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused8"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        member?: string;
                        /** @enum {string} */
                        keys?: "revoked" | "kept";
                        key_count?: number;
                        done?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    changeAccountMember: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
                /**
                 * @description The id of a member.
                 * @example mem_9dKx2LpT
                 */
                member: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "role": "viewer"
                 *     }
                 */
                "application/json": {
                    role: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "mem_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "user": "user_2pQ7xW",
                     *       "email": "ada@example.com",
                     *       "role": "viewer",
                     *       "status": "active",
                     *       "since": "2030-01-31T12:00:00.000Z",
                     *       "removed_at": null,
                     *       "expires_at": null,
                     *       "keys_changed": 1,
                     *       "done": [
                     *         "key_9dKx2LpT"
                     *       ],
                     *       "pending": [],
                     *       "more": false
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedMember"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused8"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        member?: string;
                        done?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    exportMember: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
                /**
                 * @description The id of a member.
                 * @example mem_9dKx2LpT
                 */
                member: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {"type":"member","id":"mem_9dKx2LpT","account":"acc_3vJ8wFq2","user":"user_2pQ7xW","email":"ada@example.com","role":"developer","status":"active","since":"2030-01-31T12:00:00.000Z","removed_at":null,"expires_at":null}
                     *     {"type":"end"}
                     */
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    eraseMember: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
                /**
                 * @description The id of a member.
                 * @example mem_9dKx2LpT
                 */
                member: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": {
                    cursor?: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "acc_3vJ8wFq2",
                     *       "member": "mem_9dKx2LpT",
                     *       "erased": true,
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["ErasedMember"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        member?: string;
                        /** @enum {string} */
                        keys?: "revoked" | "kept";
                        key_count?: number;
                        done?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    createAccountKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "label": "production",
                 *       "environment": "live",
                 *       "rate_limit_per_minute": 600,
                 *       "quotas": {
                 *         "monthly": 1000000
                 *       },
                 *       "addresses": [
                 *         "203.0.113.0/24"
                 *       ]
                 *     }
                 */
                "application/json": {
                    environment?: string | null;
                    label?: string | null;
                    role?: string | null;
                    category?: string | null;
                    expires_at?: string | null;
                    rate_limit_per_second?: number | null;
                    rate_limit_per_minute?: number | null;
                    quotas?: {
                        total?: number | null;
                        daily?: number | null;
                        weekly?: number | null;
                        monthly?: number | null;
                    } | null;
                    credit_quotas?: {
                        total?: number | null;
                        daily?: number | null;
                        weekly?: number | null;
                        monthly?: number | null;
                    } | null;
                    addresses?: string[] | null;
                    metadata?: {
                        [key: string]: string;
                    } | null;
                    copy_from?: string | null;
                };
            };
        };
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "key": "ks_live_Ab3dE9…",
                     *       "id": "key_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "creator": "mem_9dKx2LpT",
                     *       "prefix": "ks_live_Ab3dE9",
                     *       "environment": "live",
                     *       "role": "developer",
                     *       "label": "production",
                     *       "category": null,
                     *       "expires_at": null,
                     *       "rate_limit_per_second": null,
                     *       "rate_limit_per_minute": 600,
                     *       "quotas": {
                     *         "monthly": 1000000
                     *       },
                     *       "credit_quotas": {},
                     *       "addresses": [
                     *         "203.0.113.0/24"
                     *       ],
                     *       "metadata": {
                     *         "team": "search"
                     *       },
                     *       "created_at": "2030-01-31T12:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused30"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused31"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        key?: string;
                        id?: string;
                        account?: string;
                        creator?: string | null;
                        prefix?: string;
                        environment?: string;
                        role?: string;
                        label?: string | null;
                        category?: string | null;
                        expires_at?: string | null;
                        rate_limit_per_second?: number | null;
                        rate_limit_per_minute?: number | null;
                        quotas?: components["schemas"]["Quotas"];
                        credit_quotas?: components["schemas"]["Quotas"];
                        addresses?: string[] | null;
                        metadata?: {
                            [key: string]: string;
                        };
                        /** Format: date-time */
                        created_at?: string;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    searchKeys: {
        parameters: {
            query?: {
                /** @example acc_3vJ8wFq2 */
                account?: string;
                /** @example active */
                status?: "active" | "inactive" | "expired" | "revoked" | "all";
                category?: string;
                environment?: string;
                creator?: string;
                prefix?: string;
                label?: string;
                /** @example 50 */
                limit?: string;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "id": "key_9dKx2LpT",
                     *           "account": "acc_3vJ8wFq2",
                     *           "creator": "mem_9dKx2LpT",
                     *           "prefix": "ks_live_Ab3dE9",
                     *           "environment": "live",
                     *           "role": "developer",
                     *           "label": "production",
                     *           "category": null,
                     *           "expires_at": null,
                     *           "rate_limit_per_second": null,
                     *           "rate_limit_per_minute": 600,
                     *           "quotas": {
                     *             "monthly": 1000000
                     *           },
                     *           "credit_quotas": {},
                     *           "addresses": [
                     *             "203.0.113.0/24"
                     *           ],
                     *           "metadata": {
                     *             "team": "search"
                     *           },
                     *           "created_at": "2030-01-31T12:00:00.000Z",
                     *           "status": "active",
                     *           "revoked_at": null,
                     *           "last_used": {
                     *             "at": "2030-01-31T12:00:00.000Z",
                     *             "address": "203.0.113.7"
                     *           }
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        keys: components["schemas"]["ListedKey"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    revokeKeys: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "prefix": "ks_live_Ab3dE9"
                 *     }
                 */
                "application/json": {
                    account?: string;
                    environment?: string;
                    label?: string;
                    prefix?: string;
                    /** @default 100 */
                    limit?: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revoked": [
                     *         "key_9dKx2LpT"
                     *       ],
                     *       "pending": [],
                     *       "more": false
                     *     }
                     */
                    "application/json": {
                        revoked: string[];
                        pending: string[];
                        more: boolean;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused26"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        revoked?: string[];
                        pending?: string[];
                        more?: boolean;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    lookUpKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "key": "ks_live_Ab3dE9…"
                 *     }
                 */
                "application/json": {
                    key: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "digest": "v3lJ0m2xq5bQ4c1Zk8nT7yRwSaUeDfGhIjKlMnOpQrs",
                     *       "key": {
                     *         "id": "key_9dKx2LpT",
                     *         "account": "acc_3vJ8wFq2",
                     *         "creator": "mem_9dKx2LpT",
                     *         "prefix": "ks_live_Ab3dE9",
                     *         "environment": "live",
                     *         "role": "developer",
                     *         "label": "production",
                     *         "category": null,
                     *         "expires_at": null,
                     *         "rate_limit_per_second": null,
                     *         "rate_limit_per_minute": 600,
                     *         "quotas": {
                     *           "monthly": 1000000
                     *         },
                     *         "credit_quotas": {},
                     *         "addresses": [
                     *           "203.0.113.0/24"
                     *         ],
                     *         "metadata": {
                     *           "team": "search"
                     *         },
                     *         "created_at": "2030-01-31T12:00:00.000Z",
                     *         "status": "active",
                     *         "revoked_at": null
                     *       }
                     *     }
                     */
                    "application/json": {
                        digest: string;
                        key: components["schemas"]["Key"] | null;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused26"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    showAnyKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "key_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "creator": "mem_9dKx2LpT",
                     *       "prefix": "ks_live_Ab3dE9",
                     *       "environment": "live",
                     *       "role": "developer",
                     *       "label": "production",
                     *       "category": null,
                     *       "expires_at": null,
                     *       "rate_limit_per_second": null,
                     *       "rate_limit_per_minute": 600,
                     *       "quotas": {
                     *         "monthly": 1000000
                     *       },
                     *       "credit_quotas": {},
                     *       "addresses": [
                     *         "203.0.113.0/24"
                     *       ],
                     *       "metadata": {
                     *         "team": "search"
                     *       },
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "status": "active",
                     *       "revoked_at": null,
                     *       "last_used": {
                     *         "at": "2030-01-31T12:00:00.000Z",
                     *         "address": "203.0.113.7"
                     *       },
                     *       "usage": {
                     *         "granted": 120,
                     *         "used": 118,
                     *         "unreported": 2,
                     *         "limits": [
                     *           {
                     *             "name": "per_minute",
                     *             "unit": "requests",
                     *             "limit": 600,
                     *             "remaining": 480,
                     *             "resets_at": "2030-01-31T12:00:00.000Z"
                     *           }
                     *         ]
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ShownKey"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    removeAnyKey: {
        parameters: {
            query?: {
                /** @example true */
                purge?: "true" | "false";
            };
            header?: never;
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; there is no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused8"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    updateAnyKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "rate_limit_per_minute": 600,
                 *       "quotas": {
                 *         "monthly": 1000000
                 *       }
                 *     }
                 */
                "application/json": {
                    label?: string | null;
                    role?: string;
                    category?: string | null;
                    expires_at?: string | null;
                    rate_limit_per_second?: number | null;
                    rate_limit_per_minute?: number | null;
                    quotas?: {
                        total?: number | null;
                        daily?: number | null;
                        weekly?: number | null;
                        monthly?: number | null;
                    } | null;
                    credit_quotas?: {
                        total?: number | null;
                        daily?: number | null;
                        weekly?: number | null;
                        monthly?: number | null;
                    } | null;
                    addresses?: string[] | null;
                    metadata?: {
                        [key: string]: string;
                    } | null;
                    active?: boolean;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "key_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "creator": "mem_9dKx2LpT",
                     *       "prefix": "ks_live_Ab3dE9",
                     *       "environment": "live",
                     *       "role": "developer",
                     *       "label": "production",
                     *       "category": null,
                     *       "expires_at": null,
                     *       "rate_limit_per_second": null,
                     *       "rate_limit_per_minute": 600,
                     *       "quotas": {
                     *         "monthly": 1000000
                     *       },
                     *       "credit_quotas": {},
                     *       "addresses": [
                     *         "203.0.113.0/24"
                     *       ],
                     *       "metadata": {
                     *         "team": "search"
                     *       },
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "status": "active",
                     *       "revoked_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused32"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused8"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    revokeAnyKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; there is no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    deactivateAnyKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "key_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "creator": "mem_9dKx2LpT",
                     *       "prefix": "ks_live_Ab3dE9",
                     *       "environment": "live",
                     *       "role": "developer",
                     *       "label": "production",
                     *       "category": null,
                     *       "expires_at": null,
                     *       "rate_limit_per_second": null,
                     *       "rate_limit_per_minute": 600,
                     *       "quotas": {
                     *         "monthly": 1000000
                     *       },
                     *       "credit_quotas": {},
                     *       "addresses": [
                     *         "203.0.113.0/24"
                     *       ],
                     *       "metadata": {
                     *         "team": "search"
                     *       },
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "status": "inactive",
                     *       "revoked_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    activateAnyKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "key_9dKx2LpT",
                     *       "account": "acc_3vJ8wFq2",
                     *       "creator": "mem_9dKx2LpT",
                     *       "prefix": "ks_live_Ab3dE9",
                     *       "environment": "live",
                     *       "role": "developer",
                     *       "label": "production",
                     *       "category": null,
                     *       "expires_at": null,
                     *       "rate_limit_per_second": null,
                     *       "rate_limit_per_minute": 600,
                     *       "quotas": {
                     *         "monthly": 1000000
                     *       },
                     *       "credit_quotas": {},
                     *       "addresses": [
                     *         "203.0.113.0/24"
                     *       ],
                     *       "metadata": {
                     *         "team": "search"
                     *       },
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "status": "active",
                     *       "revoked_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused16"];
        };
    };
    rotateAnyKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of a key.
                 * @example key_9dKx2LpT
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "grace_seconds": 0
                 *     }
                 */
                "application/json": {
                    grace_seconds?: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_api_key": "ks_live_Qk7vT2…",
                     *       "old_key_prefix": "ks_live_Ab3dE9",
                     *       "grace_period_ends_at": "2030-01-31T12:00:00.000Z",
                     *       "environment": "live",
                     *       "id": "key_9dKx2LpT"
                     *     }
                     */
                    "application/json": components["schemas"]["RotatedKey"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused33"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused14"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        new_api_key?: string;
                        old_key_prefix?: string;
                        /** Format: date-time */
                        grace_period_ends_at?: string;
                        environment?: string;
                        id?: string;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    importKeys: {
        parameters: {
            query: {
                /** @example move-1 */
                import: string;
                /** @example 1 */
                chunk: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {"key":"old_3f9c0e5d…","organisation":"org_2pQ7","environment":"live","label":"production","role":"developer"}
                 *     {"sha256":"9b74c9897bac770f…","format":"old","prefix":"old_91ab","account":"acc_3vJ8wFq2","active":false}
                 */
                "application/x-ndjson": string;
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "import": "move-1",
                     *       "chunk": 1,
                     *       "counts": {
                     *         "created": 1,
                     *         "exists": 0,
                     *         "duplicate": 0,
                     *         "invalid": 1,
                     *         "conflict": 0
                     *       },
                     *       "results": [
                     *         {
                     *           "line": 1,
                     *           "status": "created",
                     *           "id": "key_9dKx2LpT",
                     *           "account": "acc_3vJ8wFq2",
                     *           "prefix": "old_3f9c"
                     *         },
                     *         {
                     *           "line": 2,
                     *           "status": "invalid",
                     *           "code": "fields",
                     *           "message": "format: expected one of other"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ImportedChunk"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused8"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    showImport: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The name of an import.
                 * @example move-1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "import": "move-1",
                     *       "chunks": [
                     *         [
                     *           1,
                     *           41
                     *         ]
                     *       ],
                     *       "counts": {
                     *         "created": 1,
                     *         "exists": 0,
                     *         "duplicate": 0,
                     *         "invalid": 1,
                     *         "conflict": 0
                     *       },
                     *       "first_at": "2030-01-31T12:00:00.000Z",
                     *       "last_at": "2030-01-31T12:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["ImportProgress"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    showCredits: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "acc_3vJ8wFq2",
                     *       "balance_micro": 49947500,
                     *       "held_micro": 0,
                     *       "spent_micro": 52500,
                     *       "unreported_micro": 0,
                     *       "granted_micro": 50000000,
                     *       "month": {
                     *         "starts_at": "2030-01-31T12:00:00.000Z",
                     *         "ends_at": "2030-02-28T12:00:00.000Z",
                     *         "spent_micro": 52500,
                     *         "budget_micro": null
                     *       },
                     *       "movements": [
                     *         {
                     *           "id": "invoice-2030-01",
                     *           "kind": "grant",
                     *           "at": "2030-01-31T12:00:00.000Z",
                     *           "micro": 50000000,
                     *           "note": "January",
                     *           "actor": "admin:ops"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["Credits"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    grantCredits: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice.
                 * @example invoice-2030-01
                 */
                "Idempotency-Key": string;
            };
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "micro": 50000000,
                 *       "note": "January"
                 *     }
                 */
                "application/json": {
                    micro: number;
                    note?: string | null;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "invoice-2030-01",
                     *       "kind": "grant",
                     *       "at": "2030-01-31T12:00:00.000Z",
                     *       "micro": 50000000,
                     *       "note": "January",
                     *       "actor": "admin:ops"
                     *     }
                     */
                    "application/json": components["schemas"]["CreditMovement"];
                };
            };
            /** @description Made. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "invoice-2030-01",
                     *       "kind": "grant",
                     *       "at": "2030-01-31T12:00:00.000Z",
                     *       "micro": 50000000,
                     *       "note": "January",
                     *       "actor": "admin:ops"
                     *     }
                     */
                    "application/json": components["schemas"]["CreditMovement"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused26"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    showAccountLogs: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
                from?: string;
                to?: string;
                /** @example key_9dKx2LpT */
                key?: string;
                category?: string;
                /** @example 4xx */
                status?: string;
                reason?: "missing_credential" | "malformed" | "unknown" | "revoked" | "inactive" | "expired" | "grace_ended" | "account_suspended" | "role_forbidden" | "address_forbidden" | "address_missing" | "secret_locked" | "ip_locked" | "rate_limited" | "public_rate_limited" | "quota_total" | "quota_daily" | "quota_weekly" | "quota_monthly" | "plan_rate" | "plan_quota" | "credits_exhausted" | "budget_exhausted" | "trial_exhausted" | "trial_mint_limited" | "trial_rotation" | "rotation_refused" | "key_cap" | "user_key_cap" | "creation_limited" | "route_unknown" | "upstream_unreachable" | "upstream_timeout" | "gate_unavailable" | "not_in_force" | "misconfigured" | "session_missing" | "session_invalid" | "session_expired" | "membership_missing" | "admin_missing" | "admin_invalid" | "admin_forbidden" | "signature_invalid" | "body_too_large" | "path_refused" | "request_invalid" | "not_found" | "conflict" | "idempotency_conflict";
                format?: "json" | "ndjson";
            };
            header?: never;
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entries": [
                     *         {
                     *           "request_id": "0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11",
                     *           "at": "2030-01-31T12:00:00.000Z",
                     *           "key": "key_9dKx2LpT",
                     *           "label": "production",
                     *           "category": null,
                     *           "environment": "live",
                     *           "method": "POST",
                     *           "path": "/v1/chat/completions",
                     *           "status": 200,
                     *           "reason": null,
                     *           "ttfb_ms": 212,
                     *           "bytes": 1834,
                     *           "address": "203.0.113.7",
                     *           "country": "NL",
                     *           "micro": 1250,
                     *           "prompt_tokens": 310,
                     *           "completion_tokens": 95
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        entries: components["schemas"]["LogEntry"][];
                        next_cursor: string | null;
                    };
                    /** @example {"request_id":"0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11","at":"2030-01-31T12:00:00.000Z","key":"key_9dKx2LpT","label":"production","category":null,"environment":"live","method":"POST","path":"/v1/chat/completions","status":200,"reason":null,"ttfb_ms":212,"bytes":1834,"address":"203.0.113.7","country":"NL","micro":1250,"prompt_tokens":310,"completion_tokens":95} */
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    showAccountUsage: {
        parameters: {
            query?: {
                from?: string;
                to?: string;
                /** @example hour */
                by?: "hour" | "day";
                key?: string;
                category?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The id of an account.
                 * @example acc_3vJ8wFq2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "acc_3vJ8wFq2",
                     *       "by": "hour",
                     *       "from": "2030-01-31T12:00:00.000Z",
                     *       "to": "2030-01-31T13:00:00.000Z",
                     *       "points": [
                     *         {
                     *           "starts_at": "2030-01-31T12:00:00.000Z",
                     *           "requests": 42,
                     *           "statuses": {
                     *             "2xx": 40,
                     *             "4xx": 2
                     *           },
                     *           "reasons": {
                     *             "rate_limited": 2
                     *           },
                     *           "micro": 52500,
                     *           "prompt_tokens": 13020,
                     *           "completion_tokens": 3990,
                     *           "ttfb_ms": {
                     *             "p50": 212,
                     *             "p95": 480,
                     *             "p99": 910
                     *           }
                     *         }
                     *       ],
                     *       "sums": {
                     *         "requests": 42,
                     *         "statuses": {
                     *           "2xx": 40,
                     *           "4xx": 2
                     *         },
                     *         "reasons": {
                     *           "rate_limited": 2
                     *         },
                     *         "micro": 52500,
                     *         "prompt_tokens": 13020,
                     *         "completion_tokens": 3990,
                     *         "ttfb_ms": {
                     *           "p50": 212,
                     *           "p95": 480,
                     *           "p99": 910
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Usage"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    showLockout: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description What is locked: an address, or a secret.
                 * @example ip
                 */
                kind: "ip" | "secret";
                /**
                 * @description The address, or the digest of the secret.
                 * @example 203.0.113.7
                 */
                subject: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "kind": "ip",
                     *       "subject": "203.0.113.7",
                     *       "strikes": 3,
                     *       "locked_until": null
                     *     }
                     */
                    "application/json": components["schemas"]["Lockout"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    liftLockout: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description What is locked: an address, or a secret.
                 * @example ip
                 */
                kind: "ip" | "secret";
                /**
                 * @description The address, or the digest of the secret.
                 * @example 203.0.113.7
                 */
                subject: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; there is no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    showStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "policy": {
                     *         "preset": "keystile",
                     *         "digest": "9f1b3c5d7e901122"
                     *       },
                     *       "stores": {
                     *         "d1": {
                     *           "reachable": true,
                     *           "latency_ms": 4
                     *         },
                     *         "kv": {
                     *           "reachable": true,
                     *           "latency_ms": 4
                     *         },
                     *         "gate": {
                     *           "reachable": true,
                     *           "latency_ms": 4
                     *         },
                     *         "lockout": {
                     *           "reachable": true,
                     *           "latency_ms": 4
                     *         }
                     *       },
                     *       "outbox": {
                     *         "waiting": 0,
                     *         "oldest_at": null
                     *       },
                     *       "peppers": [
                     *         {
                     *           "version": 1,
                     *           "current": true,
                     *           "configured": true,
                     *           "digests": 120
                     *         }
                     *       ],
                     *       "webhook_keys": [
                     *         {
                     *           "version": 1,
                     *           "current": true,
                     *           "configured": true,
                     *           "secrets": 3
                     *         }
                     *       ],
                     *       "origins": [
                     *         {
                     *           "upstream": "api",
                     *           "origins": [
                     *             {
                     *               "name": "https://api.example.com",
                     *               "failures_in_a_row": 0,
                     *               "left_out_until": null
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Status"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    showMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # HELP keystile_outbox_rows Changes that are not known to be in force everywhere.
                     *     # TYPE keystile_outbox_rows gauge
                     *     keystile_outbox_rows 0
                     */
                    "text/plain; version=0.0.4; charset=utf-8": string;
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    reconcile: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "limit": 100
                 *     }
                 */
                "application/json": {
                    cursor?: string;
                    /** @default 100 */
                    limit?: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "checked": 100,
                     *       "repaired": [],
                     *       "pending": [],
                     *       "next_cursor": "key_9dKx2LpT"
                     *     }
                     */
                    "application/json": components["schemas"]["Reconciled"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused26"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            /**
             * @description - `gate_unavailable`: The API key cannot be checked at the moment. Try again after the time in Retry-After.
             *     - `not_in_force`: The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.
             */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        checked?: number;
                        repaired?: string[];
                        pending?: string[];
                        next_cursor?: string | null;
                    } & components["schemas"]["Error"];
                };
            };
        };
    };
    showAudit: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
                from?: string;
                to?: string;
                key?: string;
                actor?: string;
                /** @example key. */
                action?: string;
                /** @example acc_3vJ8wFq2 */
                account?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entries": [
                     *         {
                     *           "id": "7",
                     *           "at": "2030-01-31T12:10:00.000Z",
                     *           "actor": "admin:ops",
                     *           "action": "key.revoked",
                     *           "account": "acc_3vJ8wFq2",
                     *           "key": "key_9dKx2LpT",
                     *           "address": "203.0.113.7",
                     *           "request_id": "0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11",
                     *           "before": {
                     *             "status": "active"
                     *           },
                     *           "after": {
                     *             "status": "revoked"
                     *           }
                     *         },
                     *         {
                     *           "id": "2030-01-31T12:00:00.000Z key_9dKx2LpT rate_limited",
                     *           "at": "2030-01-31T12:00:00.000Z",
                     *           "actor": "key:key_9dKx2LpT",
                     *           "action": "key.limit_reached",
                     *           "account": "acc_3vJ8wFq2",
                     *           "key": "key_9dKx2LpT",
                     *           "address": null,
                     *           "request_id": null,
                     *           "before": null,
                     *           "after": {
                     *             "reason": "rate_limited",
                     *             "requests": 12,
                     *             "hour": "2030-01-31T12:00:00.000Z"
                     *           }
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        entries: components["schemas"]["AuditEntry"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    listLeaks: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
                account?: string;
                key?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "leaks": [
                     *         {
                     *           "id": "8",
                     *           "at": "2030-01-31T12:00:00.000Z",
                     *           "account": "acc_3vJ8wFq2",
                     *           "key": "key_9dKx2LpT",
                     *           "prefix": "ks_live_Ab3dE9",
                     *           "reporter": "github",
                     *           "outcome": "revoke",
                     *           "url": "https://github.com/octocat/hello-world/blob/12345600b9cbe38a219f39a9941c9319b600c002/config.py",
                     *           "source": "content",
                     *           "type": "keystile_api_key"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        leaks: components["schemas"]["Leak"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    listOperatorWebhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "webhooks": [
                     *         {
                     *           "id": "whe_7hWq3Yd2",
                     *           "account": null,
                     *           "url": "https://hooks.example.com/keys",
                     *           "description": "alerts",
                     *           "events": null,
                     *           "status": "active",
                     *           "disabled_by": null,
                     *           "created_at": "2030-01-31T12:00:00.000Z",
                     *           "failures": 0,
                     *           "failing_since": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        webhooks: components["schemas"]["Webhook"][];
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    createOperatorWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "url": "https://hooks.example.com/keys",
                 *       "description": "alerts",
                 *       "events": null
                 *     }
                 */
                "application/json": {
                    url: string;
                    description?: string | null;
                    events?: ("key_created" | "key_updated" | "key_deactivated" | "key_activated" | "key_rotated" | "key_grace_ended" | "key_revoked" | "key_purged" | "key_expiring" | "key_expired" | "key_old_secret_used" | "key_leaked" | "key_locked" | "quota_warning" | "quota_reached" | "credits_low" | "credits_exhausted" | "member_removed" | "endpoint_disabled" | "ip_locked" | "gate_unavailable" | "upstream_unhealthy" | "outbox_stuck" | "dead_letter" | "cron_late")[] | null;
                };
            };
        };
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "secret": "whsec_C2FVsBQIhrscChlQIMV…",
                     *       "id": "whe_7hWq3Yd2",
                     *       "account": null,
                     *       "url": "https://hooks.example.com/keys",
                     *       "description": "alerts",
                     *       "events": null,
                     *       "status": "active",
                     *       "disabled_by": null,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "failures": 0,
                     *       "failing_since": null
                     *     }
                     */
                    "application/json": components["schemas"]["NewWebhook"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused34"];
        };
    };
    showOperatorWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "whe_7hWq3Yd2",
                     *       "account": null,
                     *       "url": "https://hooks.example.com/keys",
                     *       "description": "alerts",
                     *       "events": null,
                     *       "status": "active",
                     *       "disabled_by": null,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "failures": 0,
                     *       "failing_since": null
                     *     }
                     */
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    deleteOperatorWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; there is no body. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    updateOperatorWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "url": "https://hooks.example.com/keys",
                 *       "events": null,
                 *       "status": "active"
                 *     }
                 */
                "application/json": {
                    url?: string;
                    description?: string | null;
                    events?: ("key_created" | "key_updated" | "key_deactivated" | "key_activated" | "key_rotated" | "key_grace_ended" | "key_revoked" | "key_purged" | "key_expiring" | "key_expired" | "key_old_secret_used" | "key_leaked" | "key_locked" | "quota_warning" | "quota_reached" | "credits_low" | "credits_exhausted" | "member_removed" | "endpoint_disabled" | "ip_locked" | "gate_unavailable" | "upstream_unhealthy" | "outbox_stuck" | "dead_letter" | "cron_late")[] | null;
                    /** @enum {string} */
                    status?: "active" | "disabled";
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "whe_7hWq3Yd2",
                     *       "account": null,
                     *       "url": "https://hooks.example.com/keys",
                     *       "description": "alerts",
                     *       "events": null,
                     *       "status": "active",
                     *       "disabled_by": null,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "failures": 0,
                     *       "failing_since": null
                     *     }
                     */
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    rotateOperatorWebhookSecret: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "grace_seconds": 3600
                 *     }
                 */
                "application/json": {
                    grace_seconds?: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "secret": "whsec_C2FVsBQIhrscChlQIMV…",
                     *       "grace_period_ends_at": "2030-02-01T12:00:00.000Z",
                     *       "id": "whe_7hWq3Yd2",
                     *       "account": null,
                     *       "url": "https://hooks.example.com/keys",
                     *       "description": "alerts",
                     *       "events": null,
                     *       "status": "active",
                     *       "disabled_by": null,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "failures": 0,
                     *       "failing_since": null
                     *     }
                     */
                    "application/json": components["schemas"]["RotatedWebhook"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused26"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused34"];
        };
    };
    testOperatorWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Made. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "del_31",
                     *       "webhook": "whe_7hWq3Yd2",
                     *       "event": "evt_7",
                     *       "type": "test",
                     *       "key": null,
                     *       "status": "pending",
                     *       "attempts": 0,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "next_attempt_at": "2030-01-31T12:00:00.000Z",
                     *       "ended_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    listOperatorDeliveries: {
        parameters: {
            query?: {
                /** @example 50 */
                limit?: string;
                cursor?: string;
                /** @example delivered */
                status?: "pending" | "delivered" | "failed";
                type?: "key_created" | "key_updated" | "key_deactivated" | "key_activated" | "key_rotated" | "key_grace_ended" | "key_revoked" | "key_purged" | "key_expiring" | "key_expired" | "key_old_secret_used" | "key_leaked" | "key_locked" | "quota_warning" | "quota_reached" | "credits_low" | "credits_exhausted" | "member_removed" | "endpoint_disabled" | "test" | "ip_locked" | "gate_unavailable" | "upstream_unhealthy" | "outbox_stuck" | "dead_letter" | "cron_late";
            };
            header?: never;
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deliveries": [
                     *         {
                     *           "id": "del_31",
                     *           "webhook": "whe_7hWq3Yd2",
                     *           "event": "evt_7",
                     *           "type": "key_revoked",
                     *           "key": "key_9dKx2LpT",
                     *           "status": "delivered",
                     *           "attempts": 1,
                     *           "created_at": "2030-01-31T12:00:00.000Z",
                     *           "next_attempt_at": null,
                     *           "ended_at": "2030-01-31T12:00:01.000Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        deliveries: components["schemas"]["WebhookDelivery"][];
                        next_cursor: string | null;
                    };
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    showOperatorDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
                /**
                 * @description The id of a delivery.
                 * @example del_31
                 */
                delivery: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "del_31",
                     *       "webhook": "whe_7hWq3Yd2",
                     *       "event": "evt_7",
                     *       "type": "key_revoked",
                     *       "key": "key_9dKx2LpT",
                     *       "status": "delivered",
                     *       "attempts": 1,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "next_attempt_at": null,
                     *       "ended_at": "2030-01-31T12:00:01.000Z",
                     *       "log": [
                     *         {
                     *           "number": 1,
                     *           "at": "2030-01-31T12:00:00.000Z",
                     *           "duration_ms": 87,
                     *           "status": 204,
                     *           "error": null,
                     *           "request": {
                     *             "url": "https://hooks.example.com/keys",
                     *             "headers": {
                     *               "content-type": "application/json",
                     *               "webhook-id": "evt_7",
                     *               "webhook-timestamp": "1896091200"
                     *             },
                     *             "body": "{\"id\":\"evt_7\",\"type\":\"key_revoked\"}"
                     *           },
                     *           "response": {
                     *             "headers": {
                     *               "date": "Thu, 31 Jan 2030 12:00:00 GMT"
                     *             },
                     *             "body": ""
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ShownWebhookDelivery"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    resendOperatorDelivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The id of a webhook endpoint.
                 * @example whe_7hWq3Yd2
                 */
                id: string;
                /**
                 * @description The id of a delivery.
                 * @example del_31
                 */
                delivery: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "del_31",
                     *       "webhook": "whe_7hWq3Yd2",
                     *       "event": "evt_7",
                     *       "type": "key_revoked",
                     *       "key": "key_9dKx2LpT",
                     *       "status": "pending",
                     *       "attempts": 1,
                     *       "created_at": "2030-01-31T12:00:00.000Z",
                     *       "next_attempt_at": "2030-01-31T12:30:00.000Z",
                     *       "ended_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            400: components["responses"]["Refused2"];
            401: components["responses"]["Refused28"];
            403: components["responses"]["Refused29"];
            404: components["responses"]["Refused7"];
            405: components["responses"]["WrongMethod"];
            409: components["responses"]["Refused17"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused20"];
            503: components["responses"]["Refused12"];
        };
    };
    listAssertionKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "kty": "OKP",
                     *           "crv": "Ed25519",
                     *           "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                     *           "kid": "2030-01",
                     *           "alg": "EdDSA",
                     *           "use": "sig"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["KeySet"];
                };
            };
            405: components["responses"]["WrongMethod"];
        };
    };
    reportLeaks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example [
                 *       {
                 *         "token": "ks_live_Ab3dE9…",
                 *         "type": "keystile_api_key",
                 *         "url": "https://github.com/octocat/hello-world/blob/12345600b9cbe38a219f39a9941c9319b600c002/config.py",
                 *         "source": "content"
                 *       }
                 *     ]
                 */
                "application/json": components["schemas"]["LeakSighting"][];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "token_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *         "token_type": "keystile_api_key",
                     *         "label": "true_positive"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["LeakVerdict"][];
                };
            };
            400: components["responses"]["Refused2"];
            403: components["responses"]["Refused35"];
            405: components["responses"]["WrongMethod"];
            413: components["responses"]["Refused4"];
            429: components["responses"]["Refused6"];
            503: components["responses"]["Refused16"];
        };
    };
    showHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            405: components["responses"]["WrongMethod"];
        };
    };
    onKeyCreatedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_created",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "actor": "member:mem_9dKx2LpT",
                 *         "origin": "created",
                 *         "creator": "mem_9dKx2LpT",
                 *         "role": "developer",
                 *         "category": null,
                 *         "status": "active",
                 *         "expires_at": null
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyCreatedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyUpdatedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_updated",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "actor": "member:mem_9dKx2LpT",
                 *         "before": {
                 *           "rate_limit_per_minute": null
                 *         },
                 *         "after": {
                 *           "rate_limit_per_minute": 600
                 *         }
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyUpdatedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyDeactivatedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_deactivated",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "actor": "member:mem_9dKx2LpT",
                 *         "cause": "member"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyDeactivatedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyActivatedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_activated",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "actor": "member:mem_9dKx2LpT"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyActivatedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyRotatedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_rotated",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "actor": "member:mem_9dKx2LpT",
                 *         "old_key_prefix": "ks_live_Zx81Lm",
                 *         "grace_period_ends_at": "2030-02-01T12:00:00.000Z"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyRotatedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyRevokedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_revoked",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "actor": "member:mem_9dKx2LpT",
                 *         "cause": "member"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyRevokedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyPurgedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_purged",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "actor": "system",
                 *         "status": "active"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyPurgedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyLeakedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_leaked",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "prefix": "ks_live_Ab3dE9",
                 *         "reporter": "github",
                 *         "outcome": "revoke",
                 *         "url": "https://github.com/octocat/hello-world/blob/12345600b9cbe38a219f39a9941c9319b600c002/config.py",
                 *         "source": "content",
                 *         "type": "keystile_api_key"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyLeakedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyExpiringEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_expiring",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "expires_at": "2030-02-07T12:00:00.000Z",
                 *         "before_seconds": 604800
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyExpiringEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyExpiredEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_expired",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "expires_at": "2030-01-31T12:00:00.000Z"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyExpiredEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyGraceEndedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_grace_ended",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "old_key_prefix": "ks_live_Zx81Lm",
                 *         "grace_period_ends_at": "2030-01-31T12:00:00.000Z"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyGraceEndedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyOldSecretUsedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_old_secret_used",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "hour": "2030-01-31T12:00:00.000Z"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyOldSecretUsedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onKeyLockedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "key_locked",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "locked_until": "2030-01-31T12:15:00.000Z"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["KeyLockedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onQuotaWarningEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "quota_warning",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "quota": "daily",
                 *         "unit": "requests",
                 *         "limit": 10000,
                 *         "used": 8000,
                 *         "percent": 80,
                 *         "window_seconds": 86400
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["QuotaWarningEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onQuotaReachedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "quota_reached",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": 4,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "key": {
                 *           "id": "key_9dKx2LpT",
                 *           "prefix": "ks_live_Ab3dE9",
                 *           "label": "production",
                 *           "environment": "live"
                 *         },
                 *         "quota": "daily",
                 *         "unit": "requests",
                 *         "limit": 10000,
                 *         "used": 10000,
                 *         "percent": 100,
                 *         "window_seconds": 86400
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["QuotaReachedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onCreditsLowEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "credits_low",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": null,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "balance_micro": 9400000,
                 *         "threshold_micro": 10000000
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["CreditsLowEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onCreditsExhaustedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "credits_exhausted",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": null,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "balance_micro": 0
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["CreditsExhaustedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onMemberRemovedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "member_removed",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": null,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "actor": "member:mem_3fKq81Zt",
                 *         "member": "mem_9dKx2LpT",
                 *         "role": "developer",
                 *         "keys": "revoked",
                 *         "key_count": 2
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["MemberRemovedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onEndpointDisabledEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "endpoint_disabled",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": null,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "endpoint": "whe_7hRk2MvX",
                 *         "host": "hooks.example.com",
                 *         "reason": "failing",
                 *         "failing_since": "2030-01-31T12:00:00.000Z"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["EndpointDisabledEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onTestEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "test",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": null,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "actor": "member:mem_9dKx2LpT",
                 *         "endpoint": "whe_7hRk2MvX"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["TestEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onIpLockedEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "ip_locked",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": null,
                 *       "data": {
                 *         "account": null,
                 *         "address": "203.0.113.7",
                 *         "locked_until": "2030-01-31T12:15:00.000Z"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["IpLockedEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onGateUnavailableEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "gate_unavailable",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": null,
                 *       "data": {
                 *         "account": null,
                 *         "cause": "store"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["GateUnavailableEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onUpstreamUnhealthyEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "upstream_unhealthy",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": null,
                 *       "data": {
                 *         "account": null,
                 *         "upstream": "api",
                 *         "origin": "https://api.example.com"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["UpstreamUnhealthyEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onOutboxStuckEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "outbox_stuck",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": null,
                 *       "data": {
                 *         "account": null,
                 *         "rows": 2,
                 *         "seconds": 340
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["OutboxStuckEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onDeadLetterEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "dead_letter",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": null,
                 *       "data": {
                 *         "account": "acc_3vJ8wFq2",
                 *         "endpoint": "whe_7hRk2MvX",
                 *         "cause": "attempts",
                 *         "deliveries": 1
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["DeadLetterEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    onCronLateEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `id` of the event, the same in every attempt: what has it already need not be looked at again.
                 * @example evt_7
                 */
                "webhook-id": components["parameters"]["WebhookId"];
                /**
                 * @description When this attempt was made, in seconds since 1970.
                 * @example 1896091200
                 */
                "webhook-timestamp": components["parameters"]["WebhookTimestamp"];
                /**
                 * @description The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.
                 * @example v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
                 */
                "webhook-signature": components["parameters"]["WebhookSignature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_7",
                 *       "type": "cron_late",
                 *       "version": 1,
                 *       "timestamp": "2030-01-31T12:00:00.000Z",
                 *       "sequence": null,
                 *       "data": {
                 *         "account": null,
                 *         "seconds": 420
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["CronLateEvent"];
            };
        };
        responses: {
            /** @description Nothing is wanted any more: the endpoint is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has arrived. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has not arrived, and is sent again later. Redirects are not followed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
