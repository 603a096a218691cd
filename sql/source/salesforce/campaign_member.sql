-- Salesforce CampaignMember: a member is a touch, dated by its first response; its contact comes before its lead.
SELECT
    "Id" AS touch_id,
    coalesce("ContactId", "LeadId", "LeadOrContactId") AS contact_id,
    "CampaignId" AS campaign_id,
    coalesce("FirstRespondedDate", "CreatedDate") AS touched_at,
    "Status" AS touch_type,
    'marketing' AS source,
    coalesce(lower(CAST("HasResponded" AS VARCHAR)), '') IN ('1', 'true') OR coalesce("Status", '') = 'Responded' AS responded
FROM raw
WHERE coalesce(lower(CAST("IsDeleted" AS VARCHAR)), '') NOT IN ('1', 'true')
