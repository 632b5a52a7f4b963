-- DropForeignKey
ALTER TABLE "delivery" DROP CONSTRAINT "delivery_challenge_id_fkey";

-- AlterTable
ALTER TABLE "account" ADD COLUMN     "role" TEXT;

-- AlterTable
ALTER TABLE "account_session" ADD COLUMN     "client_id" TEXT NOT NULL DEFAULT 'account';

-- AlterTable
ALTER TABLE "audit_entry" ADD COLUMN     "actor_id" TEXT,
ADD COLUMN     "chain_hash" TEXT,
ADD COLUMN     "chain_proof" TEXT,
ADD COLUMN     "chain_salt" TEXT,
ADD COLUMN     "chain_seq" BIGINT;

-- AlterTable
ALTER TABLE "client" ADD COLUMN     "disabled_at" TIMESTAMPTZ(3),
ADD COLUMN     "expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "secrets" JSONB NOT NULL DEFAULT '[]';

-- AlterTable
ALTER TABLE "deployment" ADD COLUMN     "admin_claimed_at" TIMESTAMPTZ(3),
ADD COLUMN     "admin_link_expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "admin_nonce" TEXT,
ADD COLUMN     "clients_applied_at" TIMESTAMPTZ(3),
ADD COLUMN     "clients_digest" TEXT;

-- CreateTable
CREATE TABLE "invitation" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "canonical" TEXT NOT NULL,
    "role" TEXT,
    "invited_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "invitation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotent_answer" (
    "id" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "answer" TEXT,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotent_answer_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "daily_count" (
    "day" DATE NOT NULL,
    "measure" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "count" BIGINT NOT NULL,

    CONSTRAINT "daily_count_pkey" PRIMARY KEY ("day","measure","label")
);

-- CreateIndex
CREATE INDEX "invitation_created_at_id_idx" ON "invitation"("created_at", "id");

-- CreateIndex
CREATE INDEX "invitation_expires_at_idx" ON "invitation"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "invitation_kind_canonical_key" ON "invitation"("kind", "canonical");

-- CreateIndex
CREATE INDEX "idempotent_answer_expires_at_idx" ON "idempotent_answer"("expires_at");

-- CreateIndex
CREATE INDEX "account_created_at_id_idx" ON "account"("created_at", "id");

-- CreateIndex
CREATE INDEX "account_role_idx" ON "account"("role");

-- CreateIndex
CREATE UNIQUE INDEX "audit_entry_chain_seq_key" ON "audit_entry"("chain_seq");

-- CreateIndex
CREATE INDEX "audit_entry_client_id_at_idx" ON "audit_entry"("client_id", "at");

-- CreateIndex
CREATE INDEX "audit_entry_actor_id_at_idx" ON "audit_entry"("actor_id", "at");

-- CreateIndex
CREATE INDEX "audit_entry_event_at_idx" ON "audit_entry"("event", "at");

-- CreateIndex
CREATE INDEX "client_expires_at_idx" ON "client"("expires_at");

-- CreateIndex
CREATE INDEX "delivery_created_at_id_idx" ON "delivery"("created_at", "id");

-- AddForeignKey
ALTER TABLE "delivery" ADD CONSTRAINT "delivery_challenge_id_fkey" FOREIGN KEY ("challenge_id") REFERENCES "challenge"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Search by the beginning of an address, by its domain, and by words of a name. Indexes of expressions are not in
-- schema.prisma.
CREATE INDEX "address_beginning_idx" ON "address" (lower("canonical") text_pattern_ops);
CREATE INDEX "account_name_words_idx" ON "account" USING GIN (to_tsvector('simple'::regconfig, coalesce("profile" ->> 'name', '')));
CREATE INDEX "address_domain_idx" ON "address" (split_part("canonical", '@', 2) text_pattern_ops);

-- Secrets of the clients file so far: they have no end.
UPDATE "client" SET "secrets" = (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', left(hash, 8), 'hash', hash, 'hint', '', 'createdAt', "created_at", 'expiresAt', null, 'madeBy', "source")), '[]')
    FROM unnest("secret_hashes") AS hash
);
