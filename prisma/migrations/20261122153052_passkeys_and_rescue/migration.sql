-- AlterTable
ALTER TABLE "account" ADD COLUMN     "demands_second" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "recovered_at" TIMESTAMPTZ(3),
ADD COLUMN     "recovery_started_at" TIMESTAMPTZ(3),
ADD COLUMN     "rescue_locked_until" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "address" ADD COLUMN     "dead_since" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "credential" ADD COLUMN     "external_id" TEXT;

-- AlterTable
ALTER TABLE "deployment" ADD COLUMN     "passkey_domain" TEXT;

-- CreateTable
CREATE TABLE "passkey_ceremony" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "bound_to" TEXT NOT NULL,
    "account_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "passkey_ceremony_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rescue" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "started_by" TEXT,
    "client_id" TEXT NOT NULL,
    "address" TEXT,
    "device" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "halfway_at" TIMESTAMPTZ(3) NOT NULL,
    "opens_at" TIMESTAMPTZ(3) NOT NULL,
    "lapses_at" TIMESTAMPTZ(3) NOT NULL,
    "halfway_told" BOOLEAN NOT NULL DEFAULT false,
    "opens_told" BOOLEAN NOT NULL DEFAULT false,
    "ended_at" TIMESTAMPTZ(3),
    "ended_by" TEXT,

    CONSTRAINT "rescue_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "rescue_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE INDEX "passkey_ceremony_bound_to_idx" ON "passkey_ceremony"("bound_to");

-- CreateIndex
CREATE INDEX "passkey_ceremony_expires_at_idx" ON "passkey_ceremony"("expires_at");

-- CreateIndex
CREATE INDEX "rescue_account_id_started_at_idx" ON "rescue"("account_id", "started_at");

-- CreateIndex
CREATE INDEX "rescue_opens_at_idx" ON "rescue"("opens_at");

-- One at a time for an account, whoever begins it.
CREATE UNIQUE INDEX "rescue_one_waiting" ON "rescue"("account_id") WHERE "state" = 'waiting';
