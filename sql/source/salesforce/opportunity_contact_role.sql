-- Salesforce OpportunityContactRole: who decides about an opportunity.
SELECT
    "OpportunityId" AS opportunity_id,
    "ContactId" AS contact_id,
    coalesce(lower(CAST("IsPrimary" AS VARCHAR)), '') IN ('1', 'true') AS is_primary
FROM raw
WHERE coalesce(lower(CAST("IsDeleted" AS VARCHAR)), '') NOT IN ('1', 'true')
