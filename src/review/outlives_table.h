// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the kernel keeps of the functions and variables that it is handed, and what takes
// it back and waits until it is out of use. The names are those that remain after inline
// functions and macros, of kernels from 4.12 to 6.19.
#pragma once

#include <array>
#include <string_view>

namespace kpatch::review {

struct Registration {
  std::string_view what;
  std::string_view
      remedy; ///< what to call, as its authors write it; empty: nothing helps
  std::array<std::string_view, 6> gives; ///< patterns as of fnmatch(3)
  std::array<std::string_view, 8> takes;
};

/// The first row that has a function is its row.
inline constexpr std::array kRegistrations = {
    Registration{
        "timer",
        "timer_delete_sync() or del_timer_sync()",
        {"mod_timer*", "add_timer*", "timer_reduce", "*init_timer_key", "timer_init_key"},
        {"del_timer_sync", "timer_delete_sync", "timer_shutdown_sync"}},
    Registration{"high-resolution timer",
                 "hrtimer_cancel()",
                 {"hrtimer_start*", "hrtimer_init*", "hrtimer_setup*"},
                 {"hrtimer_cancel"}},
    Registration{"work queue",
                 "cancel_work_sync() or cancel_delayed_work_sync()",
                 {"queue_work*", "queue_delayed_work*", "mod_delayed_work*",
                  "queue_rcu_work", "execute_in_process_context", "schedule_work*"},
                 {"cancel_*work_sync", "disable_*work_sync", "flush_*work",
                  "*flush_workqueue", "drain_workqueue", "destroy_workqueue",
                  "__flush_work"}},
    Registration{
        "worker thread",
        "kthread_cancel_work_sync()",
        {"kthread_queue_*work", "kthread_mod_delayed_work"},
        {"kthread_cancel_*work_sync", "kthread_flush_work*", "kthread_destroy_worker"}},
    Registration{"kernel thread",
                 "kthread_stop()",
                 {"kthread_create*", "kernel_thread", "user_mode_thread", "kthread_run*",
                  "smpboot_register_*"},
                 {"kthread_stop*", "smpboot_unregister_*"}},
    Registration{"tasklet",
                 "tasklet_kill()",
                 {"*tasklet_*schedule*", "tasklet_init", "tasklet_setup"},
                 {"tasklet_kill*"}},
    Registration{"queue of interrupt work",
                 "irq_work_sync()",
                 {"irq_work_queue*"},
                 {"irq_work_sync"}},
    Registration{
        "grace period of SRCU", "srcu_barrier()", {"call_srcu"}, {"srcu_barrier"}},
    Registration{"grace period of RCU", "rcu_barrier()", {"call_rcu*"}, {"rcu_barrier*"}},
    Registration{
        "task's work", "task_work_cancel()", {"task_work_add"}, {"task_work_cancel*"}},
    Registration{"asynchronous call",
                 "async_synchronize_full()",
                 {"async_schedule*"},
                 {"async_synchronize_*"}},
    Registration{
        "chain of notifiers",
        "the unregister function of that notifier",
        {"*register_*notifier*", "*_notifier_chain_register*", "register_*handler*"},
        {"*unregister_*notifier*", "*_notifier_chain_unregister*",
         "unregister_*handler*"}},
    Registration{
        "interrupt",
        "free_irq()",
        {"*request_*irq", "request_nmi", "request_percpu_nmi", "*register_nmi_handler"},
        {"*free_*irq", "free_nmi", "free_percpu_nmi", "unregister_nmi_handler"}},
    Registration{"probe",
                 "the unregister function of that probe",
                 {"register_k*probe*", "register_fprobe*", "register_ftrace_*",
                  "uprobe_register*", "tracepoint_probe_register*",
                  "register_*hw_breakpoint"},
                 {"unregister_k*probe*", "unregister_fprobe*", "unregister_ftrace_*",
                  "uprobe_unregister*", "tracepoint_probe_unregister*",
                  "unregister_*hw_breakpoint"}},
    Registration{"performance event",
                 "perf_event_release_kernel()",
                 {"perf_event_create_kernel_counter"},
                 {"perf_event_release_kernel"}},
    Registration{
        "device",
        "misc_deregister(), cdev_del() or unregister_chrdev()",
        {"misc_register", "*register_chrdev*", "cdev_*add", "*device_register"},
        {"misc_deregister", "*unregister_chrdev*", "cdev_*del", "*device_unregister"}},
    Registration{"proc entry",
                 "proc_remove() or remove_proc_entry()",
                 {"proc_create*", "proc_net_*"},
                 {"proc_remove", "remove_proc_*"}},
    Registration{"sysfs entry",
                 "sysfs_remove_file() or sysfs_remove_group()",
                 {"sysfs_create_*", "sysfs_*merge_group", "device_create_*file",
                  "kobject_init*", "driver_create_file", "device_add_group*"},
                 {"sysfs_remove_*", "sysfs_unmerge_group", "device_remove_*",
                  "kobject_put", "kobject_del", "driver_remove_file"}},
    Registration{"debugfs entry",
                 "debugfs_remove()",
                 {"debugfs_create_*"},
                 {"debugfs_remove*", "debugfs_lookup_and_remove"}},
    Registration{"sysctl",
                 "unregister_sysctl_table()",
                 {"*register_*sysctl*"},
                 {"unregister_*sysctl*"}},
    Registration{"netfilter hook",
                 "nf_unregister_net_hook()",
                 {"nf_register_*", "xt_register_*"},
                 {"nf_unregister_*", "xt_unregister_*"}},
    Registration{"network protocol",
                 "its counterpart (dev_remove_pack(), proto_unregister())",
                 {"dev_add_pack", "inet*_add_*", "proto_register", "sock_register",
                  "netdev_rx_handler_register", "register_netdev*"},
                 {"*dev_remove_pack", "inet*_del_*", "proto_unregister",
                  "sock_unregister", "netdev_rx_handler_unregister",
                  "unregister_netdev*"}},
    Registration{"netlink family",
                 "genl_unregister_family() or rtnl_unregister()",
                 {"*genl_register_family*", "rtnl_register*"},
                 {"*genl_unregister_family", "rtnl_unregister*"}},
    Registration{"shrinker",
                 "unregister_shrinker() or shrinker_free()",
                 {"register_shrinker*", "shrinker_register"},
                 {"unregister_shrinker", "shrinker_free"}},
    Registration{"processor hotplug state",
                 "cpuhp_remove_state()",
                 {"__cpuhp_setup_state*", "__cpuhp_state_add_instance*"},
                 {"__cpuhp_remove_state*", "__cpuhp_state_remove_*"}},
    Registration{"cache of objects",
                 "kmem_cache_destroy()",
                 {"*kmem_cache_create*"},
                 {"kmem_cache_destroy"}},
    Registration{
        "pool of memory", "mempool_destroy()", {"mempool_create*"}, {"mempool_destroy"}},
    Registration{"hash table",
                 "rhashtable_destroy()",
                 {"rhashtable_init*", "rhltable_init*"},
                 {"rhashtable_destroy", "rhashtable_free_and_destroy"}},
    Registration{"counter of references",
                 "percpu_ref_exit()",
                 {"percpu_ref_init*"},
                 {"percpu_ref_exit"}},
    Registration{"device's resource",
                 "devm_release_action() or devm_remove_action()",
                 {"devm_*", "__devm_*", "devres_add*"},
                 {"devm_release_*", "devm_remove_*", "devm_free_*", "devres_release*",
                  "devres_destroy*"}},
    Registration{"file that is open",
                 "",
                 {"single_open*", "seq_open*", "__seq_open_*", "anon_inode_*get*",
                  "anon_inode_create_*", "alloc_file_*"},
                 {}},
    Registration{"fence", "", {"dma_fence_init*"}, {}},
    Registration{
        "wait queue", "remove_wait_queue()", {"add_wait_queue*"}, {"remove_wait_queue"}},
    Registration{"driver",
                 "the unregister function of that driver",
                 {"*driver_register*", "*register_driver*"},
                 {"*driver_unregister*", "*unregister_driver*", "*_deregister*"}},
    Registration{"list of the kernel",
                 "its unregister function",
                 {"register_*", "__register_*", "crypto_register_*"},
                 {"unregister_*", "__unregister_*", "crypto_unregister_*"}},
};

} // namespace kpatch::review
