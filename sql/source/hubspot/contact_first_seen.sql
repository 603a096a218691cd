-- HubSpot contacts: the touch in which a contact was first seen.
SELECT
    'first_seen-' || "Record ID" AS touch_id,
    "Record ID" AS contact_id,
    "First Touch Converting Campaign" AS campaign_id,
    "Time First Seen" AS touched_at,
    "Original Source" AS channel,
    'first_seen' AS touch_type,
    'marketing' AS source
FROM raw
WHERE "Time First Seen" IS NOT NULL
