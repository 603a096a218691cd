-- Salesforce Task: calls, mails and meetings of sales. The default `eligible` gives no credit to touches of sales.
SELECT
    "Id" AS touch_id,
    "WhoId" AS contact_id,
    CAST(NULL AS VARCHAR) AS campaign_id,
    coalesce("CompletedDateTime", "ActivityDate", "CreatedDate") AS touched_at,
    coalesce("TaskSubtype", 'Task') AS touch_type,
    'sales' AS source,
    'true' AS responded
FROM raw
WHERE coalesce(read_flag("IsDeleted"), 'false') <> 'true' AND "WhoId" IS NOT NULL
