-- Shows the multi-segment option of Doorbell: an experimental TCP option (RFC 6994) by which one segment carries several
-- parts of the stream that lie apart. docs/multi-segment.md has the wire format.
--
--   wireshark -X lua_script:tools/wireshark/doorbell.lua capture.pcap
--   tshark -X lua_script:tools/wireshark/doorbell.lua -r capture.pcap -Y doorbell.multi
--
-- Without it Wireshark takes such a segment for old data that was sent again: that is what it looks like on purpose.

local KIND = 253
local EXPERIMENT = 0xdb0e
local FIXED = 8

local multi = Proto("doorbell.multi", "Doorbell multi-segment option")

local fields = {
    nonce = ProtoField.uint32("doorbell.multi.nonce", "Nonce", base.HEX),
    proof = ProtoField.uint32("doorbell.multi.proof", "Proof that the peer's nonce was understood", base.HEX),
    check = ProtoField.uint32("doorbell.multi.check", "Check code", base.HEX),
    part = ProtoField.bytes("doorbell.multi.part", "Part"),
    start = ProtoField.uint32("doorbell.multi.part.start", "Relative sequence number"),
    length = ProtoField.uint32("doorbell.multi.part.length", "Length"),
    parts = ProtoField.uint32("doorbell.multi.parts", "Parts"),
    malformed = ProtoField.string("doorbell.multi.malformed", "Malformed"),
}
multi.fields = fields

local tcp_options = Field.new("tcp.options")
local tcp_payload = Field.new("tcp.payload")
local tcp_seq = Field.new("tcp.seq")
local tcp_syn = Field.new("tcp.flags.syn")

-- The option of our kind and experiment among all options, or nil.
local function find(options)
    local at = 0
    while at < options:len() do
        local kind = options(at, 1):uint()
        if kind == 0 then
            return nil
        elseif kind == 1 then
            at = at + 1
        else
            if at + 1 >= options:len() then
                return nil
            end
            local length = options(at + 1, 1):uint()
            if length < 2 or at + length > options:len() then
                return nil
            end
            if kind == KIND and length >= FIXED and options(at + 2, 2):uint() == EXPERIMENT then
                return options(at, length)
            end
            at = at + length
        end
    end
    return nil
end

-- A number of the layout: 7 bits in each byte, the high bit in all but the last. The value and the offset behind it,
-- or nil.
local function number(option, from)
    local value = 0
    local at = from
    while at < option:len() do
        local byte = option(at, 1):uint()
        value = value * 128 + byte % 128
        at = at + 1
        if value > 0x40000000 then
            return nil
        end
        if byte < 128 then
            return value, at
        end
    end
    return nil
end

-- Reads the layout: a list of {distance, length}, or nil and what is wrong.
local function layout(option, payload)
    local parts = {}
    local total = 0
    local distance, at = number(option, FIXED)
    if distance == nil then
        return nil, "no start"
    elseif distance < payload then
        return nil, "parts among the old bytes"
    end
    while true do
        local length
        length, at = number(option, at)
        if length == nil or length == 0 or total + length > payload then
            return nil, "a part's length is wrong"
        end
        parts[#parts + 1] = {distance, length}
        total = total + length
        distance = distance + length
        if at == option:len() then
            break
        end
        local gap
        gap, at = number(option, at)
        if gap == nil or gap == 0 then
            return nil, "parts that touch"
        end
        distance = distance + gap
    end
    if total ~= payload then
        return nil, "the parts are not the payload"
    end
    return parts
end

local function dissect_data(option, tree, pinfo)
    tree:add(fields.check, option(4, 4))
    local payload = tcp_payload()
    local bytes = payload and payload.range or nil
    local parts, wrong = layout(option, bytes and bytes:len() or 0)
    if parts == nil then
        tree:add(fields.malformed, option, wrong)
        return
    end
    tree:add(fields.parts, #parts):set_generated()
    local seq = tcp_seq().value
    local at = 0
    local info = {}
    for _, part in ipairs(parts) do
        local start = (seq + part[1]) % 0x100000000
        local node = tree:add(fields.part, bytes(at, part[2]))
        node:add(fields.start, start):set_generated()
        node:add(fields.length, part[2]):set_generated()
        info[#info + 1] = string.format("%d+%d", start, part[2])
        at = at + part[2]
    end
    pinfo.cols.info:append(" [parts " .. table.concat(info, " ") .. "]")
end

function multi.dissector(buffer, pinfo, root)
    local options = tcp_options()
    if options == nil then
        return
    end
    local option = find(options.range)
    if option == nil then
        return
    end
    local tree = root:add(multi, option)
    if tcp_syn().value then
        tree:add(fields.nonce, option(4, 4))
        if option:len() >= 12 then
            tree:add(fields.proof, option(8, 4))
        end
    else
        dissect_data(option, tree, pinfo)
    end
end

register_postdissector(multi, true)
