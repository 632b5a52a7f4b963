-- AlterTable
ALTER TABLE "signing_key" ADD COLUMN     "activate_by" TIMESTAMPTZ(3),
ADD COLUMN     "retired_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "client_network" (
    "client_id" TEXT NOT NULL,
    "network" TEXT NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "client_network_pkey" PRIMARY KEY ("client_id","network")
);

-- CreateTable
CREATE TABLE "jwks_fetch" (
    "network" TEXT NOT NULL,
    "fetches" BIGINT NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "jwks_fetch_pkey" PRIMARY KEY ("network")
);

-- CreateTable
CREATE TABLE "client_contact" (
    "client_id" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "last_ok_at" TIMESTAMPTZ(3),
    "failed_at" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,
    "reason" TEXT,

    CONSTRAINT "client_contact_pkey" PRIMARY KEY ("client_id","purpose")
);

-- CreateIndex
CREATE INDEX "client_network_last_at_idx" ON "client_network"("last_at");

-- CreateIndex
CREATE INDEX "jwks_fetch_last_at_idx" ON "jwks_fetch"("last_at");

-- AddForeignKey
ALTER TABLE "client_contact" ADD CONSTRAINT "client_contact_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "client"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- One key signs for each algorithm, and one waits at most.
CREATE UNIQUE INDEX "signing_key_one_current" ON "signing_key"("alg") WHERE state = 'current';
CREATE UNIQUE INDEX "signing_key_one_next" ON "signing_key"("alg") WHERE state = 'next';
