-- Salesforce CampaignMember: a member is a touch, dated by its first response; its contact comes before its lead.
SELECT
    "Id" AS touch_id,
    coalesce("ContactId", "LeadId", "LeadOrContactId") AS contact_id,
    "CampaignId" AS campaign_id,
    coalesce("FirstRespondedDate", "CreatedDate") AS touched_at,
    "Status" AS touch_type,
    'marketing' AS source,
    CASE WHEN "Status" = 'Responded' THEN 'true' ELSE coalesce(read_flag("HasResponded"), 'false') END AS responded
FROM raw
WHERE coalesce(read_flag("IsDeleted"), 'false') <> 'true'
