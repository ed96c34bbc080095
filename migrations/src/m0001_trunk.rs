//! Organizations, connections, the ledger and its index, findings, statuses, responsibilities, gaps, reports.

use sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::schema::Kind::{Bytes, Integer, Json, Text, Time, Uuid};
use crate::schema::{TableSpec, create, index};

pub struct Trunk;

impl MigrationName for Trunk {
    fn name(&self) -> &'static str {
        "m0001_trunk"
    }
}

const TABLES: &[TableSpec] = &[
    // who: one row for this installation, then the clients
    TableSpec {
        name: "instance",
        columns: &[("id", Uuid), ("secret_key_id", Text), ("created_at", Time)],
        primary_key: &["id"],
        append_only: false,
    },
    TableSpec {
        name: "organization",
        columns: &[
            ("id", Uuid),
            ("slug", Text),
            ("name", Text),
            ("model", Text),
            ("frameworks", Json),
            ("time_zone", Text),
            ("settings", Json),
            ("created_at", Time),
        ],
        primary_key: &["id"],
        append_only: false,
    },
    TableSpec {
        name: "secret",
        columns: &[
            ("id", Uuid),
            ("organization_id", Uuid),
            ("purpose", Text),
            ("key_id", Text),
            ("nonce", Bytes),
            ("ciphertext", Bytes),
            ("created_at", Time),
        ],
        primary_key: &["id"],
        append_only: false,
    },
    TableSpec {
        name: "signing_key",
        columns: &[
            ("organization_id", Uuid),
            ("key_id", Text),
            ("name", Text),
            ("public_key", Bytes),
            ("secret_id", Uuid),
            ("introduced_at", Time),
        ],
        primary_key: &["organization_id", "key_id"],
        append_only: true,
    },
    TableSpec {
        name: "connection",
        columns: &[
            ("id", Uuid),
            ("organization_id", Uuid),
            ("source", Text),
            ("target", Text),
            ("settings", Json),
            ("secret_id?", Uuid),
            ("created_at", Time),
        ],
        primary_key: &["id"],
        append_only: false,
    },
    // the ledger and what is looked up in it
    TableSpec {
        name: "ledger_lease",
        columns: &[("organization_id", Uuid), ("holder", Text), ("expires_at", Time), ("expected_size", Integer)],
        primary_key: &["organization_id"],
        append_only: false,
    },
    TableSpec {
        name: "ledger_log",
        columns: &[
            ("organization_id", Uuid),
            ("sequence", Integer),
            ("archive", Text),
            ("archive_digest", Text),
            ("first_leaf", Integer),
            ("leaf_count", Integer),
            ("root", Text),
            ("checkpoint", Text),
            ("committed_at", Time),
        ],
        primary_key: &["organization_id", "sequence"],
        append_only: true,
    },
    TableSpec {
        name: "ledger_leaf",
        columns: &[
            ("organization_id", Uuid),
            ("leaf", Integer),
            ("sequence", Integer),
            ("kind", Text),
            ("hash", Bytes),
            ("body", Text),
        ],
        primary_key: &["organization_id", "leaf"],
        append_only: true,
    },
    TableSpec {
        name: "stored_object",
        columns: &[
            ("organization_id", Uuid),
            ("sha256", Text),
            ("sequence", Integer),
            ("archive", Text),
            ("size", Integer),
            ("stored_at", Time),
        ],
        primary_key: &["organization_id", "sha256", "sequence"],
        append_only: true,
    },
    TableSpec {
        name: "evidence",
        columns: &[
            ("organization_id", Uuid),
            ("leaf", Integer),
            ("run_id", Uuid),
            ("dataset", Text),
            ("target", Text),
            ("source", Text),
            ("outcome", Text),
            ("reason", Text),
            ("row_count", Integer),
            ("collected_at", Time),
            ("artifacts", Json),
        ],
        primary_key: &["organization_id", "leaf"],
        append_only: true,
    },
    TableSpec {
        name: "run",
        columns: &[
            ("id", Uuid),
            ("organization_id", Uuid),
            ("cause", Text),
            ("state", Text),
            ("started_at", Time),
            ("ended_at?", Time),
            ("summary", Json),
        ],
        primary_key: &["id"],
        append_only: false,
    },
    // what was made of it
    TableSpec {
        name: "check_result",
        columns: &[
            ("organization_id", Uuid),
            ("run_id", Uuid),
            ("check_id", Text),
            ("target", Text),
            ("version", Text),
            ("outcome", Text),
            ("because", Text),
            ("resources", Json),
            ("evidence", Json),
            ("judged_at", Time),
            ("recorded_leaf", Integer),
        ],
        primary_key: &["organization_id", "run_id", "check_id", "target"],
        append_only: true,
    },
    TableSpec {
        name: "control_status",
        columns: &[
            ("organization_id", Uuid),
            ("framework", Text),
            ("control", Text),
            ("run_id", Uuid),
            ("state", Text),
            ("because", Text),
            ("valid_from?", Time),
            ("recorded_at", Time),
        ],
        primary_key: &["organization_id", "framework", "control", "run_id"],
        append_only: true,
    },
    TableSpec {
        name: "responsibility_version",
        columns: &[
            ("organization_id", Uuid),
            ("framework", Text),
            ("version", Integer),
            ("digest", Text),
            ("matrix", Json),
            ("created_at", Time),
            ("leaf", Integer),
        ],
        primary_key: &["organization_id", "framework", "version"],
        append_only: true,
    },
    TableSpec {
        name: "responsibility_event",
        columns: &[
            ("organization_id", Uuid),
            ("framework", Text),
            ("version", Integer),
            ("sequence", Integer),
            ("state", Text),
            ("by", Json),
            ("at", Time),
            ("leaf", Integer),
        ],
        primary_key: &["organization_id", "framework", "version", "sequence"],
        append_only: true,
    },
    TableSpec {
        name: "gap",
        columns: &[
            ("id", Uuid),
            ("organization_id", Uuid),
            ("check_id", Text),
            ("target", Text),
            ("state", Text),
            ("party", Text),
            ("body", Json),
            ("opened_at", Time),
            ("closed_at?", Time),
        ],
        primary_key: &["id"],
        append_only: false,
    },
    TableSpec {
        name: "gap_event",
        columns: &[
            ("organization_id", Uuid),
            ("gap_id", Uuid),
            ("sequence", Integer),
            ("kind", Text),
            ("body", Json),
            ("at", Time),
            ("leaf", Integer),
        ],
        primary_key: &["organization_id", "gap_id", "sequence"],
        append_only: true,
    },
    TableSpec {
        name: "evidence_request",
        columns: &[
            ("id", Uuid),
            ("organization_id", Uuid),
            ("framework", Text),
            ("control", Text),
            ("party", Text),
            ("body", Json),
            ("opened_at", Time),
            ("closed_at?", Time),
        ],
        primary_key: &["id"],
        append_only: false,
    },
    TableSpec {
        name: "report",
        columns: &[
            ("id", Uuid),
            ("organization_id", Uuid),
            ("kind", Text),
            ("framework?", Text),
            ("as_of", Time),
            ("path", Text),
            ("sha256", Text),
            ("leaf", Integer),
            ("created_at", Time),
        ],
        primary_key: &["id"],
        append_only: true,
    },
    TableSpec {
        name: "collector_state",
        columns: &[
            ("organization_id", Uuid),
            ("source", Text),
            ("target", Text),
            ("dataset", Text),
            ("last_started_at", Time),
            ("last_outcome", Text),
            ("last_seen_at?", Time),
        ],
        primary_key: &["organization_id", "source", "target", "dataset"],
        append_only: false,
    },
];

const INDEXES: &[(&str, &[&str], bool)] = &[
    ("organization", &["slug"], true),
    ("connection", &["organization_id", "source", "target"], true),
    ("evidence", &["organization_id", "run_id"], false),
    ("evidence", &["organization_id", "dataset", "target", "leaf"], false),
    ("run", &["organization_id", "started_at"], false),
    ("check_result", &["organization_id", "judged_at"], false),
    ("control_status", &["organization_id", "framework", "recorded_at"], false),
    ("gap", &["organization_id", "state"], false),
    ("evidence_request", &["organization_id", "framework"], false),
    ("report", &["organization_id", "created_at"], false),
];

#[async_trait::async_trait]
impl MigrationTrait for Trunk {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            create(manager, table).await?;
        }
        for (table, columns, unique) in INDEXES {
            index(manager, table, columns, *unique).await?;
        }
        Ok(())
    }
}
