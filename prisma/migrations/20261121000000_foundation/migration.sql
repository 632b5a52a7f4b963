-- The tables of prisma/schema.prisma. What stands below the line at the end is beyond what Prisma can say.

-- CreateTable
CREATE TABLE "account" (
    "id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'active',
    "profile" JSONB NOT NULL DEFAULT '{}',
    "locale" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_sign_in_at" TIMESTAMPTZ(3),
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "address" (
    "kind" TEXT NOT NULL,
    "canonical" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "is_primary" BOOLEAN NOT NULL DEFAULT true,
    "proven_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "address_pkey" PRIMARY KEY ("kind","canonical")
);

-- CreateTable
CREATE TABLE "credential" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "data" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "counter" BIGINT NOT NULL DEFAULT 0,
    "proven_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "credential_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempt" (
    "id" TEXT NOT NULL,
    "interaction_hash" TEXT NOT NULL,
    "interaction" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "device" TEXT NOT NULL,
    "locale" TEXT NOT NULL,
    "account_id" TEXT,
    "proofs" JSONB NOT NULL DEFAULT '[]',
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "challenge" (
    "id" TEXT NOT NULL,
    "attempt_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "target_key" TEXT NOT NULL,
    "secret_id" TEXT NOT NULL,
    "known_browser" BOOLEAN NOT NULL,
    "short_code" BOOLEAN NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "tries" INTEGER NOT NULL DEFAULT 0,
    "messages" INTEGER NOT NULL DEFAULT 0,
    "first_sent_at" TIMESTAMPTZ(3) NOT NULL,
    "last_sent_at" TIMESTAMPTZ(3) NOT NULL,
    "last_handed_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "challenge_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "delivery" (
    "id" TEXT NOT NULL,
    "challenge_id" TEXT,
    "channel" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "locale" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "tries" INTEGER NOT NULL DEFAULT 0,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "claimed_until" TIMESTAMPTZ(3),
    "handed_at" TIMESTAMPTZ(3),
    "give_up_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "client" (
    "id" TEXT NOT NULL,
    "metadata" JSONB NOT NULL,
    "policy" JSONB NOT NULL,
    "secret_hashes" TEXT[],
    "source" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "client_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "resource_server" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "scopes" JSONB NOT NULL,
    "token_format" TEXT NOT NULL,
    "signing_alg" TEXT NOT NULL,
    "access_token_ttl_seconds" INTEGER NOT NULL,
    "source" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "resource_server_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signing_key" (
    "id" TEXT NOT NULL,
    "alg" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "public_jwk" JSONB NOT NULL,
    "private_jwe" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "activated_at" TIMESTAMPTZ(3),

    CONSTRAINT "signing_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "consent" (
    "account_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "scopes" TEXT[],
    "claims" TEXT[],
    "resources" JSONB NOT NULL DEFAULT '{}',
    "granted_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "consent_pkey" PRIMARY KEY ("account_id","client_id")
);

-- CreateTable
CREATE TABLE "oidc_record" (
    "model" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "uid" TEXT,
    "grant_id" TEXT,
    "user_code" TEXT,
    "account_id" TEXT,
    "consumed_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "oidc_record_pkey" PRIMARY KEY ("model","id")
);

-- CreateTable
CREATE TABLE "replay" (
    "id" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "replay_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "limit_counter" (
    "id" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "resets_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "limit_counter_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "guess_counter" (
    "target_key" TEXT NOT NULL,
    "known_browser" BOOLEAN NOT NULL,
    "failures" INTEGER NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "guess_counter_pkey" PRIMARY KEY ("target_key","known_browser")
);

-- CreateTable
CREATE TABLE "audit_entry" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "event" TEXT NOT NULL,
    "account_id" TEXT,
    "client_id" TEXT,
    "attempt_id" TEXT,
    "request_id" TEXT,
    "ip" TEXT,
    "device" TEXT,
    "detail" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "deployment" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "issuer" TEXT NOT NULL,
    "secret_ids" TEXT[],
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "deployment_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "address_account_id_idx" ON "address"("account_id");

-- CreateIndex
CREATE INDEX "credential_account_id_kind_idx" ON "credential"("account_id", "kind");

-- CreateIndex
CREATE INDEX "attempt_interaction_hash_created_at_idx" ON "attempt"("interaction_hash", "created_at");

-- CreateIndex
CREATE INDEX "attempt_expires_at_idx" ON "attempt"("expires_at");

-- CreateIndex
CREATE INDEX "challenge_attempt_id_idx" ON "challenge"("attempt_id");

-- CreateIndex
CREATE INDEX "challenge_expires_at_idx" ON "challenge"("expires_at");

-- CreateIndex
CREATE INDEX "delivery_challenge_id_created_at_idx" ON "delivery"("challenge_id", "created_at");

-- CreateIndex
CREATE INDEX "delivery_state_due_at_idx" ON "delivery"("state", "due_at");

-- CreateIndex
CREATE INDEX "oidc_record_grant_id_idx" ON "oidc_record"("grant_id") WHERE "grant_id" IS NOT NULL;

-- CreateIndex
CREATE INDEX "oidc_record_uid_idx" ON "oidc_record"("uid") WHERE "uid" IS NOT NULL;

-- CreateIndex
CREATE INDEX "oidc_record_user_code_idx" ON "oidc_record"("user_code") WHERE "user_code" IS NOT NULL;

-- CreateIndex
CREATE INDEX "oidc_record_account_id_idx" ON "oidc_record"("account_id") WHERE "account_id" IS NOT NULL;

-- CreateIndex
CREATE INDEX "oidc_record_expires_at_idx" ON "oidc_record"("expires_at");

-- CreateIndex
CREATE INDEX "replay_expires_at_idx" ON "replay"("expires_at");

-- CreateIndex
CREATE INDEX "limit_counter_resets_at_idx" ON "limit_counter"("resets_at");

-- CreateIndex
CREATE INDEX "audit_entry_at_idx" ON "audit_entry"("at");

-- CreateIndex
CREATE INDEX "audit_entry_account_id_at_idx" ON "audit_entry"("account_id", "at");

-- AddForeignKey
ALTER TABLE "address" ADD CONSTRAINT "address_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credential" ADD CONSTRAINT "credential_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "challenge" ADD CONSTRAINT "challenge_attempt_id_fkey" FOREIGN KEY ("attempt_id") REFERENCES "attempt"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "delivery" ADD CONSTRAINT "delivery_challenge_id_fkey" FOREIGN KEY ("challenge_id") REFERENCES "challenge"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "consent" ADD CONSTRAINT "consent_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "consent" ADD CONSTRAINT "consent_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "client"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- ----------------------------------------------------------------------------

-- One row speaks for all instances.
ALTER TABLE "deployment" ADD CONSTRAINT "deployment_one_row" CHECK ("id" = 1);

-- Numbers that may only grow from nothing.
ALTER TABLE "challenge" ADD CONSTRAINT "challenge_counts" CHECK ("tries" >= 0 AND "messages" >= 0);

-- Rows that live for minutes and are rewritten often: room on the page for the next version (HOT updates), and
-- a vacuum that follows the sweep instead of waiting for a fifth of the table.
ALTER TABLE "oidc_record" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE "limit_counter" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE "replay" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE "challenge" SET (fillfactor = 80);
ALTER TABLE "attempt" SET (fillfactor = 80);
ALTER TABLE "delivery" SET (fillfactor = 80);
