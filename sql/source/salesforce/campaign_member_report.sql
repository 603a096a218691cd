-- Salesforce report of campaigns with members: a member is a touch, dated by its first response; nobody is twice a member of a campaign.
SELECT
    "Campaign ID" || '-' || coalesce("Contact ID", "Lead ID") AS touch_id,
    "Account ID" AS account_id,
    coalesce("Contact ID", "Lead ID") AS contact_id,
    "Campaign ID" AS campaign_id,
    coalesce("Member First Responded Date", "Member First Associated Date") AS touched_at,
    coalesce("Campaign Type", "Type") AS channel,
    "Member Status" AS touch_type,
    'marketing' AS source,
    coalesce(read_flag("Responded"), 'false') AS responded
FROM raw
