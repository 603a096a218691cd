-- Salesforce OpportunityContactRole: who decides about an opportunity.
SELECT
    "OpportunityId" AS opportunity_id,
    "ContactId" AS contact_id,
    coalesce(read_flag("IsPrimary"), 'false') AS is_primary
FROM raw
WHERE coalesce(read_flag("IsDeleted"), 'false') <> 'true'
