//! Who reads a target right now: one run at a time, whatever processes there are.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};

use super::entity::target_lease;
use super::{OrgScope, Store, StoreFault, read_json, rows_added};
use crate::model::evidence::Source;
use crate::model::time::Timestamp;

/// A target that is being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetLease {
    pub source: Source,
    pub target: String,
    /// A name no other holder ever had.
    pub holder: String,
    /// For people: which command of which process on which machine.
    pub who: String,
    pub taken_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Store {
    /// Takes or renews the right to read a target; the time it was taken stays when it is renewed.
    ///
    /// # Errors
    /// [`StoreFault::TargetBusy`] while somebody else holds it.
    pub async fn take_target_lease(
        &self,
        scope: &OrgScope,
        wanted: &TargetLease,
        now: Timestamp,
    ) -> Result<(), StoreFault> {
        let transaction = self.begin().await?;
        let this = is_target(scope, wanted.source, &wanted.target);
        let renewed = target_lease::Entity::update_many()
            .set(target_lease::ActiveModel { expires_at: Set(wanted.expires_at.as_datetime()), ..Default::default() })
            .filter(this.clone())
            .filter(target_lease::Column::Holder.eq(&wanted.holder))
            .exec(&transaction)
            .await?;
        if renewed.rows_affected > 0 {
            return Ok(transaction.commit().await?);
        }
        target_lease::Entity::delete_many()
            .filter(this.clone())
            .filter(target_lease::Column::ExpiresAt.lte(now.as_datetime()))
            .exec(&transaction)
            .await?;
        let row = target_lease::ActiveModel {
            organization_id: Set(scope.uuid()),
            source: Set(wanted.source.as_str().to_owned()),
            target: Set(wanted.target.clone()),
            holder: Set(wanted.holder.clone()),
            who: Set(wanted.who.clone()),
            taken_at: Set(wanted.taken_at.as_datetime()),
            expires_at: Set(wanted.expires_at.as_datetime()),
        };
        let key = [target_lease::Column::OrganizationId, target_lease::Column::Source, target_lease::Column::Target];
        let added = target_lease::Entity::insert(row)
            .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
            .exec_without_returning(&transaction)
            .await;
        if rows_added(added)? == 0 {
            let held = target_lease::Entity::find().filter(this).one(&transaction).await?;
            return Err(match held {
                Some(row) => StoreFault::TargetBusy(Box::new(to_lease(row)?)),
                // Given back in this very moment: asking again will do.
                None => StoreFault::TargetBusy(Box::new(TargetLease { holder: String::new(), ..wanted.clone() })),
            });
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Gives the right to read a target back.
    pub async fn release_target_lease(
        &self,
        scope: &OrgScope,
        source: Source,
        target: &str,
        holder: &str,
    ) -> Result<(), StoreFault> {
        target_lease::Entity::delete_many()
            .filter(is_target(scope, source, target))
            .filter(target_lease::Column::Holder.eq(holder))
            .exec(&self.write)
            .await?;
        Ok(())
    }

    /// The targets that are being read, as far as is known; a holder that died may be among them until its time is over.
    pub async fn target_leases(&self, scope: &OrgScope) -> Result<Vec<TargetLease>, StoreFault> {
        let rows = target_lease::Entity::find()
            .filter(target_lease::Column::OrganizationId.eq(scope.uuid()))
            .order_by_asc(target_lease::Column::Source)
            .order_by_asc(target_lease::Column::Target)
            .all(&self.read)
            .await?;
        rows.into_iter().map(to_lease).collect()
    }
}

fn is_target(scope: &OrgScope, source: Source, target: &str) -> Condition {
    Condition::all()
        .add(target_lease::Column::OrganizationId.eq(scope.uuid()))
        .add(target_lease::Column::Source.eq(source.as_str()))
        .add(target_lease::Column::Target.eq(target))
}

fn to_lease(row: target_lease::Model) -> Result<TargetLease, StoreFault> {
    Ok(TargetLease {
        source: read_json("target_lease", serde_json::Value::String(row.source))?,
        target: row.target,
        holder: row.holder,
        who: row.who,
        taken_at: row.taken_at.into(),
        expires_at: row.expires_at.into(),
    })
}
